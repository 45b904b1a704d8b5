// Which of the states of a task's instances a reader has to see first, and what they say in the graph of a run.
import type { Run, TaskState } from '../api/api.gen';
import { isEnd, type Counted, type RunTasks } from '../api/tasks';
import { duration, number } from './format';
import type { GraphNode } from './graph';

/** As in engine/api/dag_grid.cc. */
const byUrgency: TaskState[] = ['failed', 'held', 'running', 'up_for_retry', 'queued', 'deferred', 'pending', 'upstream_failed', 'cancelled', 'success', 'skipped'];

export function urgent(states: Iterable<TaskState>): TaskState {
  return [...states].reduce((a, b) => (byUrgency.indexOf(b) < byUrgency.indexOf(a) ? b : a));
}

/** A failure that does not fail the run: it counts as a success, or is that of a teardown. */
export const tolerates = (task: { continue_on_error: boolean; teardown_of: string[]; fail_run: boolean }): boolean =>
  task.continue_on_error || (task.teardown_of.length > 0 && !task.fail_run);

/** Such a failure has a colour of its own. */
export const shownState = (group: Counted): string => {
  const state = urgent(group.counts.keys());
  return state === 'failed' && tolerates(group) ? 'tolerated' : state;
};

function caption(group: Counted, tasks: RunTasks): string {
  const state = urgent(group.counts.keys());
  const words = state === 'failed' && tolerates(group) ? 'failed, tolerated' : state.replaceAll('_', ' ');
  const all = group.states.length;
  if (group.expanded) {
    const same = group.counts.get(state) ?? 0;
    const done = [...group.counts].reduce((sum, [name, count]) => sum + (isEnd(name) ? count : 0), 0);
    if (state === 'failed' && done < all) return `${number(same)} failed · ${number(done)}/${number(all)}`;
    return done === all && same < all ? `${number(same)} of ${number(all)} ${words}` : `${words} · ${number(done)}/${number(all)}`;
  }
  const task = tasks.detail(group.task, -1);
  if (task?.duration_s != null) return `${words} · ${duration(task.duration_s)}`;
  return group.attempts > 1 ? `${words} · #${group.attempts}` : words;
}

export const nodeOf = (group: Counted, tasks: RunTasks): GraphNode => ({
  id: group.task,
  needs: group.needs,
  caption: caption(group, tasks),
  state: shownState(group),
  many: group.states.length > 1,
  teardownOf: group.teardown_of,
});

/** It runs, or waits for max_active_runs. */
export const isOpen = (run: Run): boolean => run.status === 'queued' || run.status === 'running';
