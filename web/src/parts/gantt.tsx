// Timeline: when each task ran, measured from the start of the run. A task with many instances is one lane.
import { useState } from 'preact/hooks';
import type { Run, Task, TaskState } from '../api/api.gen';
import { useInterval } from '../api/live';
import type { Counted, RunTasks } from '../api/tasks';
import { duration, number } from './format';
import { urgent } from './states';

/** A task with more instances gets one lane for all of them. */
const mostLanes = 12;

interface Lane {
  name: string;
  task: string;
  mapIndex: number;
  state: TaskState;
  from: number;
  to?: number;
}

function lanesOf(tasks: RunTasks, group: Counted): Lane[] {
  if (group.states.length > mostLanes) {
    if (!group.started_at) return [];
    const to = group.ended_at ? Date.parse(group.ended_at) : undefined;
    return [{ name: `${group.task} × ${number(group.states.length)}`, task: group.task, mapIndex: -1, state: urgent(group.counts.keys()), from: Date.parse(group.started_at), to }];
  }
  const known = tasks.indices(group.task).map((index) => tasks.detail(group.task, index));
  return known.filter((task): task is Task => !!task?.started_at).map((task) => ({
    name: task.map_index >= 0 ? `${task.task} [${task.map_index}]` : task.task,
    task: task.task,
    mapIndex: task.map_index,
    state: task.state,
    from: Date.parse(task.started_at!),
    to: task.ended_at ? Date.parse(task.ended_at) : undefined,
  }));
}

export function Gantt({ run, tasks, groups, onSelect }: { run: Run; tasks: RunTasks; groups: Counted[]; onSelect: (task: string, mapIndex: number) => void }) {
  const [now, setNow] = useState(Date.now());
  useInterval(run.finished_at ? 3_600_000 : 1000, () => setNow(Date.now()));
  const start = Date.parse(run.created_at);
  const end = Math.max(run.finished_at ? Date.parse(run.finished_at) : now, start + 1);
  const share = (moment: number) => `${Math.min(100, Math.max(0, ((moment - start) / (end - start)) * 100)).toFixed(2)}%`;
  const lanes = groups.flatMap((group) => lanesOf(tasks, group));
  if (lanes.length === 0) return null;
  return (
    <section>
      <h2>Timeline</h2>
      <div class="gantt">
        {lanes.map(({ name, task, mapIndex, state, from, to = end }) => (
          <button
            key={name}
            class={`lane s-${state}`}
            onClick={() => onSelect(task, mapIndex)}
            title={`${name}: ${state}, ${duration((from - start) / 1000)} after the start, took ${duration((to - from) / 1000)}`}
          >
            <span class="lane-name">{name}</span>
            <span class="track">
              <span class="bar-fill" style={{ left: share(from), width: `max(3px, calc(${share(to)} - ${share(from)}))` }} />
            </span>
            <span class="lane-time number">{duration((to - from) / 1000)}</span>
          </button>
        ))}
        <div class="axis" aria-hidden="true">
          <span />
          <span class="ticks">
            <span>0</span>
            <span>{duration((end - start) / 2000)}</span>
            <span>{duration((end - start) / 1000)}</span>
          </span>
          <span />
        </div>
      </div>
    </section>
  );
}
