// The graph of a run with the states of its tasks. A mapped task is one node with the number of its instances.
import type { RefObject } from 'preact';
import { useLayoutEffect, useRef, useState } from 'preact/hooks';
import type { Task, TaskState } from '../api/api.gen';
import { duration } from './format';
import { layOut, nodeHeight, nodeWidth } from './layout';

const worst: TaskState[] = ['failed', 'held', 'running', 'up_for_retry', 'queued', 'deferred', 'pending', 'upstream_failed', 'cancelled', 'success', 'skipped'];

export interface TaskGroup {
  id: string;
  needs: string[];
  state: TaskState;
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
    const all = group.instances.length;
    const done = group.instances.filter((task) => task.ended_at).length;
    const same = group.instances.filter((task) => task.state === group.state).length;
    if (group.state === 'failed' && done < all) return `${same} failed · ${done}/${all}`;
    return done === all && same < all ? `${same} of ${all} ${words}` : `${words} · ${done}/${all}`;
  }
  const task = group.instances[0];
  if (task.duration_s != null) return `${words} · ${duration(task.duration_s)}`;
  return task.attempt > 1 ? `${words} · #${task.attempt}` : words;
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

/** A longer caption is compressed to the width of its node. */
const mostLetters = 22;
const textWidth = nodeWidth - 22 - 8;

/** A wide graph shrinks to fit the page down to this scale, where its text is still readable; then it scrolls. */
const smallest = 0.72;

/** Whether a part of the content is hidden; `size` changes with the content. */
function useClipped(box: RefObject<HTMLDivElement>, size: string): boolean {
  const [clipped, setClipped] = useState(false);
  useLayoutEffect(() => {
    const element = box.current!;
    const look = () => setClipped(element.scrollWidth > element.clientWidth + 1 || element.scrollHeight > element.clientHeight + 1);
    const observer = new ResizeObserver(look);
    observer.observe(element);
    look();
    return () => observer.disconnect();
  }, [size]);
  return clipped;
}

/** Scrolls the box, not the page, so that the selected node is in sight. */
function useSelectedInSight(box: RefObject<HTMLDivElement>, selected: string | undefined, size: string): void {
  useLayoutEffect(() => {
    const node = box.current!.querySelector('.node.selected')?.getBoundingClientRect();
    const frame = box.current!.getBoundingClientRect();
    if (!node) return;
    if (node.left < frame.left || node.right > frame.right) box.current!.scrollLeft += node.left - frame.left - frame.width / 3;
    if (node.top < frame.top || node.bottom > frame.bottom) box.current!.scrollTop += node.top - frame.top - frame.height / 3;
  }, [selected, size]);
}

type GraphProps = { groups: TaskGroup[]; selected?: string; onSelect: (task: string) => void };

export function Graph({ groups, selected, onSelect }: GraphProps) {
  const edges = groups.flatMap((group) => group.needs.map((from) => ({ from, to: group.id })));
  const { nodes, routes, width, height } = layOut(groups.map((group) => group.id), edges);
  const group = new Map(groups.map((entry) => [entry.id, entry]));
  const box = useRef<HTMLDivElement>(null);
  const clipped = useClipped(box, `${width}x${height}`);
  useSelectedInSight(box, selected, `${width}x${height}`);
  return (
    <>
      <div class="graph" ref={box} tabIndex={-1}>
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
                <text x="22" y="38" class="caption" {...(caption(entry).length > mostLetters ? { textLength: textWidth, lengthAdjust: 'spacingAndGlyphs' } : {})}>
                  {caption(entry)}
                </text>
              </g>
            );
          })}
        </svg>
      </div>
      {clipped && <p class="note">The graph of {groups.length} tasks is larger than this box. Scroll in the box to see the rest.</p>}
    </>
  );
}
