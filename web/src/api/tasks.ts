// The tasks of one run, updated by the events of the stream: a fold of them, as in engine/core/run.cc. The states of all instances
// are known; details only of those that were asked for, since a run may have 100,000 instances. Only changes that a fold cannot know
// (new instances, a gap in the stream) cost a request.
import { useCallback, useRef, useState } from 'preact/hooks';
import { getTask, listTaskGroups, listTasks, type Effect, type StreamEvent, type Task, type TaskError, type TaskGroup, type TaskState } from './api.gen';
import { useData, type Data } from './live';

/** How many instances of each task are known in detail from the start. */
export const shownInstances = 50;

const errorText = (error: TaskError) => (error.where ? `${error.where}: ${error.message}` : error.message);

/** A task that looks again and again for the same waits since its first look. */
const waiting = (event: Extract<StreamEvent, { kind: 'task_deferred' }>, task?: Task): Partial<Task> => {
  const same = task?.waiting_since && task.waiting_for === event.waiting_for;
  return { waiting_for: event.waiting_for, waiting_since: same ? task.waiting_since : event.waiting_for ? event.at : null };
};

const started = (effects: Effect[]): Partial<Task> => {
  const start = effects.find((effect) => effect.kind === 'start_run');
  return start?.kind === 'start_run' ? { child: start.run } : {};
};

/** The fields of its task that an event changes; undefined: the event does not change one task. */
function change(event: TaskEvent, task?: Task): Partial<Task> | undefined {
  switch (event.kind) {
    case 'task_queued':
    case 'attempt_lost':
      return { state: 'queued' };
    case 'attempt_dispatched':
      return { state: 'queued', attempt: event.attempt };
    case 'attempt_started':
      return { state: 'running', attempt: event.attempt, started_at: task?.started_at ?? event.began ?? event.at };
    case 'attempt_state_saved':
      return { saved_state: event.state };
    case 'attempt_failed':
      return { state: 'up_for_retry', failures: (task?.failures ?? 0) + 1, error: errorText(event.error), wake_at: event.retry_at };
    case 'task_held':
      return { state: 'held', failures: (task?.failures ?? 0) + 1, error: errorText(event.error) };
    case 'task_resumed':
      return { state: 'queued', failures: 0, checkpoint: null, waiting_for: '', waiting_since: null, params: event.params ? { ...(task?.params ?? {}), ...event.params } : task?.params };
    case 'task_deferred':
      return { state: 'deferred', wake_at: event.until, wake_event: event.event, checkpoint: event.checkpoint, ...waiting(event, task), ...started(event.effects) };
    case 'task_succeeded':
      return { state: 'success', outputs: event.outputs, ...started(event.effects) };
    case 'task_failed': {
      const failures = (task?.failures ?? 0) + (task?.state === 'running' ? 1 : 0);
      return { state: 'failed', failures, error: errorText(event.error), outputs: event.outputs };
    }
    case 'task_skipped':
      return { state: 'skipped', reason: event.reason };
    case 'task_upstream_failed':
      return { state: 'upstream_failed' };
    case 'task_cancelled':
      return { state: 'cancelled' };
    default:
      return undefined;
  }
}

const ends = new Set<TaskState>(['success', 'failed', 'skipped', 'upstream_failed', 'cancelled']);
const waits = new Set<TaskState>(['deferred', 'up_for_retry']);
export const isEnd = (state: TaskState) => ends.has(state);

/** An event about one task instance. */
type TaskEvent = Extract<StreamEvent, { task: string; map_index: number }>;

function applied(task: Task, event: TaskEvent): Task {
  // A snapshot may be newer than an event that arrived during its request: the newest state wins.
  if (Date.parse(event.at) < Date.parse(task.since)) return task;
  const changed = change(event, task);
  if (!changed) return task;
  const next = { ...task, ...changed, since: event.at };
  next.ended_at = ends.has(next.state) ? event.at : null;
  next.duration_s = next.ended_at && next.started_at ? (Date.parse(next.ended_at) - Date.parse(next.started_at)) / 1000 : null;
  if (!waits.has(next.state)) next.wake_at = null;
  if (next.state !== 'deferred') next.wake_event = '';
  if (next.ended_at) Object.assign(next, { waiting_for: '', waiting_since: null });
  return next;
}

const key = (task: string, mapIndex: number) => `${task}/${mapIndex}`;

/** A task with how many of its instances are in each state. */
export interface Counted extends TaskGroup {
  counts: Map<TaskState, number>;
}

/** Everything known about the tasks of one run at one moment of the journal. */
export class RunTasks {
  private readonly groups = new Map<string, TaskGroup>();
  private readonly details = new Map<string, Task>();

  constructor(
    readonly run: string,
    private readonly seq: number,
    private readonly states: TaskState[],
    groups: TaskGroup[],
    tasks: Task[],
  ) {
    groups.forEach((group) => this.groups.set(group.task, group));
    this.know(tasks);
  }

  know(tasks: Task[]): void {
    tasks.forEach((task) => this.details.set(key(task.task, task.map_index), task));
  }

  take(events: StreamEvent[]): void {
    for (const event of events) {
      if (!('task' in event && 'map_index' in event) || event.run !== this.run || event.seq <= this.seq) continue;
      const known = this.details.get(key(event.task, event.map_index));
      if (known) this.details.set(key(event.task, event.map_index), applied(known, event));
      const group = this.groups.get(event.task);
      const next = change(event);
      if (!group || !next?.state) continue;
      group.states[Math.max(0, event.map_index)] = this.states.indexOf(next.state);
      if (next.attempt) group.attempts = Math.max(group.attempts, next.attempt);
      if (next.started_at) group.started_at ??= next.started_at;
      if (ends.has(next.state)) group.ended_at = event.at; // of the last one, once all have ended
    }
  }

  counted(): Counted[] {
    return [...this.groups.values()].map((group) => {
      const counts = new Map<TaskState, number>();
      for (const place of group.states) counts.set(this.states[place], (counts.get(this.states[place]) ?? 0) + 1);
      const open = [...counts.keys()].some((state) => !ends.has(state));
      return { ...group, counts, ended_at: open ? null : group.ended_at };
    });
  }

  /** The map indices of a task's instances, in order; -1 for a task without instances. Of one state only, if it is given. */
  indices(task: string, state?: TaskState): number[] {
    const group = this.groups.get(task);
    if (!group) return [];
    if (!group.expanded) return !state || this.states[group.states[0]] === state ? [-1] : [];
    const found: number[] = [];
    group.states.forEach((place, i) => (!state || this.states[place] === state) && found.push(i));
    return found;
  }

  stateOf(task: string, mapIndex: number): TaskState | undefined {
    return this.states[this.groups.get(task)?.states[Math.max(0, mapIndex)] ?? -1];
  }

  detail(task: string, mapIndex: number): Task | undefined {
    return this.details.get(key(task, mapIndex));
  }
}

export interface LiveTasks extends Data<RunTasks> {
  /** Applies events of the stream to the tasks. */
  take: (events: StreamEvent[]) => void;
  /** Asks for the details of instances: those of one page of a task, or a single one. */
  fetchPage: (task: string, state: TaskState | undefined, offset: number, limit: number) => Promise<void>;
  fetchOne: (task: string, mapIndex: number) => Promise<void>;
}

export function useTasks(run: string): LiveTasks {
  const shown = useRef<RunTasks>();
  const late = useRef<StreamEvent[]>(); // what arrives during a request
  const [, draw] = useState(0);
  const data = useData(`tasks ${run}`, async () => {
    const arrived: StreamEvent[] = [];
    late.current = arrived;
    const [groups, tasks] = await Promise.all([listTaskGroups(run), listTasks(run, { per_task: shownInstances })]);
    if (late.current === arrived) late.current = undefined;
    const next = new RunTasks(run, groups.seq, groups.states as TaskState[], groups.groups, tasks);
    next.take(arrived);
    shown.current = next;
    return next;
  });
  const take = useCallback((events: StreamEvent[]) => {
    late.current?.push(...events);
    if (!shown.current) return;
    shown.current.take(events);
    draw((count) => count + 1);
  }, []);
  const know = async (asked: Promise<Task[]>) => {
    const tasks = await asked;
    shown.current?.know(tasks);
    draw((count) => count + 1);
  };
  return {
    value: data.value,
    error: data.error,
    reload: data.reload,
    take,
    fetchPage: (task, state, offset, limit) => know(listTasks(run, { task, state, offset, limit })),
    fetchOne: (task, mapIndex) => know(getTask(run, task, { map_index: mapIndex }).then((one) => [one])),
  };
}
