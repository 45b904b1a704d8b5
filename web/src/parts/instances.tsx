// The instances of a mapped task: how many are in each state, and a page of them. A map may have 1,000,000.
import { useEffect, useState } from 'preact/hooks';
import type { TaskState } from '../api/api.gen';
import type { Counted, LiveTasks } from '../api/tasks';
import { number } from './format';

const pageSize = 50;
const words = (state: string) => state.replaceAll('_', ' ');

export function Instances({ tasks, group, chosen, onChoose }: { tasks: LiveTasks; group: Counted; chosen: number; onChoose: (mapIndex: number) => void }) {
  const failed = group.counts.has('failed') && group.states.length > pageSize;
  const [wanted, setWanted] = useState<TaskState | undefined>(failed ? 'failed' : undefined);
  const [page, setPage] = useState(0);
  useEffect(() => {
    setWanted(failed ? 'failed' : undefined);
    setPage(0);
  }, [group.task]);
  const state = wanted && group.counts.has(wanted) ? wanted : undefined;
  const indices = tasks.value!.indices(group.task, state);
  const pages = Math.max(1, Math.ceil(indices.length / pageSize));
  const current = Math.min(page, pages - 1);
  const shown = indices.slice(current * pageSize, (current + 1) * pageSize);
  const unknown = shown.some((index) => !tasks.value!.detail(group.task, index));
  useEffect(() => {
    if (unknown) void tasks.fetchPage(group.task, state, current * pageSize, pageSize).catch(() => undefined); // their items stay unknown
  }, [group.task, state, current, unknown]);
  if (!group.expanded || group.states.length < 2) return null;
  return (
    <div class="instances">
      <div class="instances-head">
        {group.counts.size > 1 && (
          <div class="segments" role="group" aria-label="State of the instances">
            {[undefined, ...group.counts.keys()].map((name) => (
              <button key={name ?? 'all'} aria-pressed={state === name} onClick={() => (setWanted(name), setPage(0))}>
                {name ? words(name) : 'all'} <span class="number">{number(name ? group.counts.get(name) : group.states.length)}</span>
              </button>
            ))}
          </div>
        )}
        {group.max_active > 0 && <span class="tag">at most {number(group.max_active)} at a time</span>}
        {pages > 1 && (
          <div class="pager">
            <button disabled={current === 0} onClick={() => setPage(current - 1)} aria-label="Earlier instances">
              ‹
            </button>
            <span class="number">
              {number(current * pageSize + 1)}–{number(current * pageSize + shown.length)} of {number(indices.length)}
            </span>
            <button disabled={current === pages - 1} onClick={() => setPage(current + 1)} aria-label="Later instances">
              ›
            </button>
          </div>
        )}
      </div>
      <div class="segments wrap" role="group" aria-label="Instances">
        {shown.map((index) => {
          const item = tasks.value!.detail(group.task, index)?.item;
          const here = tasks.value!.stateOf(group.task, index);
          return (
            <button key={index} aria-pressed={index === chosen} onClick={() => onChoose(index)}>
              <span class={`dot s-${here}`} aria-hidden="true" />
              {typeof item === 'string' ? item : `[${index}]`}
              <span class="sr"> {here}</span>
            </button>
          );
        })}
      </div>
    </div>
  );
}
