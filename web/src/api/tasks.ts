// The tasks of one run, updated by the events of the stream: a fold of them, as in engine/core/run.cc. Only changes that a fold
// cannot know (new instances, a gap in the stream) cost a request.
import { useCallback, useRef, useState } from 'preact/hooks';
import { listTasks, type StreamEvent, type Task, type TaskError, type TaskState } from './api.gen';
import { useData, type Data } from './live';

const pageSize = 10_000;

async function allTasks(run: string): Promise<Task[]> {
  const all: Task[] = [];
  for (;;) {
    const page = await listTasks(run, { limit: pageSize, offset: all.length });
    all.push(...page);
    if (page.length < pageSize) return all;
  }
}

const errorText = (error: TaskError) => (error.where ? `${error.where}: ${error.message}` : error.message);

/** The fields of its task that an event changes; undefined: the event does not change one task. */
function change(task: Task, event: TaskEvent): Partial<Task> | undefined {
  switch (event.kind) {
    case 'task_queued':
    case 'attempt_lost':
      return { state: 'queued' };
    case 'attempt_dispatched':
      return { state: 'queued', attempt: event.attempt };
    case 'attempt_started':
      return { state: 'running', attempt: event.attempt, started_at: task.started_at ?? event.began ?? event.at };
    case 'attempt_failed':
      return { state: 'up_for_retry', failures: task.failures + 1, error: errorText(event.error), wake_at: event.retry_at };
    case 'task_held':
      return { state: 'held', failures: task.failures + 1, error: errorText(event.error) };
    case 'task_resumed':
      return { state: 'queued', failures: 0, checkpoint: null, params: event.params ? { ...(task.params ?? {}), ...event.params } : task.params };
    case 'task_deferred':
      return { state: 'deferred', wake_at: event.until, wake_event: event.event, checkpoint: event.checkpoint };
    case 'task_succeeded':
      return { state: 'success', outputs: event.outputs };
    case 'task_failed': {
      const failures = task.failures + (task.state === 'running' ? 1 : 0);
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

/** An event about one task instance. */
type TaskEvent = Extract<StreamEvent, { task: string; map_index: number }>;

function applied(task: Task, event: TaskEvent): Task {
  // A snapshot may be newer than an event that arrived during its request: the newest state wins.
  if (Date.parse(event.at) < Date.parse(task.since)) return task;
  const changed = change(task, event);
  if (!changed) return task;
  const next = { ...task, ...changed, since: event.at };
  next.ended_at = ends.has(next.state) ? event.at : null;
  next.duration_s = next.ended_at && next.started_at ? (Date.parse(next.ended_at) - Date.parse(next.started_at)) / 1000 : null;
  if (!waits.has(next.state)) next.wake_at = null;
  if (next.state !== 'deferred') next.wake_event = '';
  return next;
}

/** The tasks after these events. Unchanged tasks stay the same objects. */
export function fold(tasks: Task[], events: StreamEvent[]): Task[] {
  const place = new Map(tasks.map((task, at) => [`${task.task}/${task.map_index}`, at]));
  const next = [...tasks];
  for (const event of events) {
    if (!('task' in event && 'map_index' in event)) continue;
    const at = place.get(`${event.task}/${event.map_index}`);
    if (at !== undefined) next[at] = applied(next[at], event);
  }
  return next;
}

interface Snapshot {
  run: string;
  tasks: Task[];
  late: StreamEvent[]; // arrived during its request
}

export interface LiveTasks extends Data<Task[]> {
  /** Applies events of the stream to the tasks. */
  take: (events: StreamEvent[]) => void;
}

export function useTasks(run: string): LiveTasks {
  const shown = useRef<Snapshot>();
  const asked = useRef<Snapshot>();
  const [, draw] = useState(0);
  const data = useData(`tasks ${run}`, async () => {
    const snapshot: Snapshot = { run, tasks: [], late: [] };
    asked.current = snapshot;
    try {
      snapshot.tasks = fold(await allTasks(run), snapshot.late);
    } finally {
      if (asked.current === snapshot) asked.current = undefined;
    }
    shown.current = snapshot;
    return snapshot;
  });
  const take = useCallback((events: StreamEvent[]) => {
    asked.current?.late.push(...events);
    if (!shown.current) return;
    shown.current.tasks = fold(shown.current.tasks, events.filter((event) => 'run' in event && event.run === shown.current!.run));
    draw((count) => count + 1);
  }, []);
  return { value: data.value?.tasks, error: data.error, reload: data.reload, take };
}
