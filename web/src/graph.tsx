// The graph of a run with the states of its tasks. A mapped task is one node with the number of its instances.
import type { Task } from './api.gen';
import { duration } from './format';
import { layOut, nodeHeight, nodeWidth } from './layout';

const worst = ['failed', 'running', 'up_for_retry', 'queued', 'deferred', 'pending', 'upstream_failed', 'cancelled', 'success', 'skipped'];

export interface TaskGroup {
  id: string;
  needs: string[];
  state: string;
  instances: Task[];
}

export function groupTasks(tasks: Task[]): TaskGroup[] {
  const groups = new Map<string, TaskGroup>();
  for (const task of tasks) {
    const group = groups.get(task.task) ?? { id: task.task, needs: task.needs, state: task.state, instances: [] };
    group.instances.push(task);
    if (worst.indexOf(task.state) < worst.indexOf(group.state)) group.state = task.state;
    groups.set(task.task, group);
  }
  return [...groups.values()];
}

function caption(group: TaskGroup): string {
  const words = group.state.replaceAll('_', ' ');
  if (group.instances.length > 1 || group.instances[0].map_index >= 0) {
    const done = group.instances.filter((task) => task.ended_at).length;
    return `${words} · ${done}/${group.instances.length}`;
  }
  const task = group.instances[0];
  if (task.duration_s != null) return `${words} · ${duration(task.duration_s)}`;
  return task.attempt > 1 ? `${words} · attempt ${task.attempt}` : words;
}

const short = (text: string) => (text.length > 18 ? `${text.slice(0, 17)}…` : text);

/** A curve across each gap between layers, a straight line along each layer that the edge passes. */
function curve(points: [number, number][]): string {
  return points.reduce((path, [x, y], i) => {
    if (i === 0) return `M${x} ${y}`;
    const [fromX, fromY] = points[i - 1];
    const middle = (fromX + x) / 2;
    return `${path}${i % 2 ? `C${middle} ${fromY} ${middle} ${y} ${x} ${y}` : `L${x} ${y}`}`;
  }, '');
}

/** A wide graph shrinks to fit the page down to this scale, where its text is still readable; then it scrolls. */
const smallest = 0.72;

type GraphProps = { groups: TaskGroup[]; selected?: string; onSelect: (task: string) => void };

export function Graph({ groups, selected, onSelect }: GraphProps) {
  const edges = groups.flatMap((group) => group.needs.map((from) => ({ from, to: group.id })));
  const { nodes, routes, width, height } = layOut(groups.map((group) => group.id), edges);
  const group = new Map(groups.map((entry) => [entry.id, entry]));
  return (
    <div class="graph" tabIndex={-1}>
      <svg style={{ maxWidth: width, minWidth: width * smallest }} viewBox={`0 0 ${width} ${height}`} role="group" aria-label="Graph of the run's tasks">
        {routes.map(({ from, to, points }) => {
          const done = group.get(from)!.state === 'success';
          return <path key={`${from}>${to}`} class={done ? 'edge done' : 'edge'} d={curve(points)} />;
        })}
        {nodes.map((node) => {
          const entry = group.get(node.id)!;
          return (
            <g
              key={node.id}
              class={`node s-${entry.state}${selected === node.id ? ' selected' : ''}`}
              transform={`translate(${node.x} ${node.y})`}
              role="button"
              tabIndex={0}
              aria-pressed={selected === node.id}
              aria-label={`${node.id}: ${caption(entry)}`}
              onClick={() => onSelect(node.id)}
              onKeyDown={(event) => {
                if (event.key !== 'Enter' && event.key !== ' ') return;
                event.preventDefault();
                onSelect(node.id);
              }}
            >
              <title>{node.id}</title>
              {entry.instances.length > 1 && <rect class="behind" x="4" y="4" width={nodeWidth} height={nodeHeight} rx="7" />}
              <rect class="body" width={nodeWidth} height={nodeHeight} rx="7" />
              <rect class="mark" x="8" y="10" width="4" height={nodeHeight - 20} rx="2" />
              <text x="22" y="21" class="name">
                {short(node.id)}
              </text>
              <text x="22" y="38" class="caption">
                {caption(entry)}
              </text>
            </g>
          );
        })}
      </svg>
    </div>
  );
}
