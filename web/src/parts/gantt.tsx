// Timeline: when each task ran, measured from the start of the run.
import { useState } from 'preact/hooks';
import type { Run, Task } from '../api/api.gen';
import { duration } from './format';
import { useInterval } from '../api/live';

const name = (task: Task) => (task.map_index >= 0 ? `${task.task} [${task.map_index}]` : task.task);

export function Gantt({ run, tasks, onSelect }: { run: Run; tasks: Task[]; onSelect: (task: string, mapIndex: number) => void }) {
  const [now, setNow] = useState(Date.now());
  useInterval(run.finished_at ? 3_600_000 : 1000, () => setNow(Date.now()));
  const start = Date.parse(run.created_at);
  const end = Math.max(run.finished_at ? Date.parse(run.finished_at) : now, start + 1);
  const share = (moment: number) => `${Math.min(100, Math.max(0, ((moment - start) / (end - start)) * 100)).toFixed(2)}%`;
  const started = tasks.filter((task) => task.started_at);
  if (started.length === 0) return null;
  return (
    <section>
      <h2>Timeline</h2>
      <div class="gantt">
        {started.map((task) => {
          const from = Date.parse(task.started_at!);
          const to = task.ended_at ? Date.parse(task.ended_at) : end;
          const took = task.duration_s ?? (to - from) / 1000;
          return (
            <button
              key={name(task)}
              class={`lane s-${task.state}`}
              onClick={() => onSelect(task.task, task.map_index)}
              title={`${name(task)}: ${task.state}, ${duration((from - start) / 1000)} after the start, took ${duration(took)}`}
            >
              <span class="lane-name">{name(task)}</span>
              <span class="track">
                <span class="bar-fill" style={{ left: share(from), width: `max(3px, calc(${share(to)} - ${share(from)}))` }} />
              </span>
              <span class="lane-time number">{duration(took)}</span>
            </button>
          );
        })}
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
