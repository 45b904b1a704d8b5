// Events of the journal, and data that is fetched again after them. A hidden page opens no stream.
import { useCallback, useEffect, useRef, useState } from 'preact/hooks';
import type { StreamEvent } from './api.gen';
import { ApiError } from './http';

export type Kind = StreamEvent['kind'];

export const runKinds: Kind[] = ['run_created', 'run_finished', 'run_cancel_requested', 'tasks_cleared'];
export const dagKinds: Kind[] = [
  ...runKinds,
  'dag_registered',
  'dag_file_checked',
  'dag_paused',
  'dag_retired',
  'dag_out_of_order',
  'schedule_moved',
];
export const backfillKinds: Kind[] = ['backfill_created', 'backfill_paused', 'backfill_cancel_requested', 'backfill_ended'];
export const modelKinds: Kind[] = ['task_deferred', 'task_succeeded', 'task_failed', 'effects_requested', 'run_finished'];

/** none: the page follows no events. */
export type Connection = 'none' | 'live' | 'connecting' | 'paused';
const connectionListeners = new Set<(state: Connection) => void>();
let connection: Connection = 'none';
function setConnection(state: Connection) {
  connection = state;
  connectionListeners.forEach((listener) => listener(state));
}

export function useConnection(): Connection {
  const [state, setState] = useState(connection);
  useEffect(() => {
    connectionListeners.add(setState);
    return () => void connectionListeners.delete(setState);
  }, []);
  return state;
}

/**
 * Calls `onChange` at most four times a second, with the events of these kinds (of this run) since the last call, in order. Calls it
 * without events if some may be missing: after the stream was opened or reopened, or when it lost some. Without `active`, opens no
 * stream.
 */
export function useEvents(wanted: Kind[], run: string | undefined, onChange: (events?: StreamEvent[]) => void, active = true): void {
  const callback = useRef(onChange);
  callback.current = onChange;
  const address = `/api/v1/events?kinds=${wanted.join(',')}${run ? `&run=${run}` : ''}`;
  useEffect(() => {
    if (!active) return;
    let source: EventSource | undefined;
    let timer: number | undefined;
    let gap = false;
    let events: StreamEvent[] = [];
    const soon = () => {
      timer ??= window.setTimeout(() => {
        timer = undefined;
        const passed = events;
        const complete = !gap;
        events = [];
        gap = false;
        if (!complete) callback.current();
        if (passed.length > 0) callback.current(passed);
      }, 250);
    };
    const take = (message: MessageEvent<string>) => {
      events.push(JSON.parse(message.data));
      soon();
    };
    const lost = () => {
      gap = true; // the stream was too slow; it continues with the present
      soon();
    };
    const open = () => {
      if (source || document.hidden) return;
      setConnection('connecting');
      source = new EventSource(address);
      source.onopen = () => {
        setConnection('live');
        gap = true; // events may have happened while no stream was open
        soon();
      };
      source.onerror = () => setConnection('connecting');
      wanted.forEach((kind) => source?.addEventListener(kind, take));
      source.addEventListener('lost' satisfies Kind, lost);
    };
    const close = () => {
      source?.close();
      source = undefined;
    };
    const onVisibility = () => {
      if (!document.hidden) return open();
      close();
      setConnection('paused');
    };
    open();
    document.addEventListener('visibilitychange', onVisibility);
    return () => {
      document.removeEventListener('visibilitychange', onVisibility);
      window.clearTimeout(timer);
      close();
      setConnection('none');
    };
  }, [address, active]);
}

export interface Data<T> {
  value?: T;
  error?: ApiError;
  reload: () => void;
}

/** Limits of the pause between an answer and the next request. The pause is as long as the answer took, so that a page costs the
 *  engine at most half of one thread. */
const leastPause = 250;
const mostPause = 10_000;

/**
 * Fetches at once, when `key` changes, and on reload. Sends one request at a time: all reloads during a request cause one more
 * request after the answer. A failed reload keeps the last value next to its error.
 */
export function useData<T>(key: string, fetcher: () => Promise<T>): Data<T> {
  const [state, setState] = useState<{ key: string; value?: T; error?: ApiError }>({ key });
  const current = useRef(key);
  current.current = key;
  const fetchNow = useRef(fetcher);
  fetchNow.current = fetcher;
  const asking = useRef<string | undefined>(undefined); // the key of the running request
  const again = useRef(false);
  const pause = useRef<number | undefined>(undefined);

  const ask = useCallback(async () => {
    const asked = current.current;
    asking.current = asked;
    again.current = false;
    const began = performance.now();
    try {
      const value = await fetchNow.current();
      if (asked === current.current) setState({ key: asked, value });
    } catch (error) {
      const known = error instanceof ApiError ? error : new ApiError(0, String(error));
      if (asked === current.current)
        setState((old) => ({ key: asked, value: old.key === asked ? old.value : undefined, error: known }));
    }
    if (asking.current !== asked) return; // a request for another key has begun; its answer counts
    const took = performance.now() - began;
    pause.current = window.setTimeout(
      () => {
        pause.current = undefined;
        asking.current = undefined;
        if (again.current) void ask();
      },
      Math.min(mostPause, Math.max(leastPause, took)),
    );
  }, []);
  const reload = useCallback(() => {
    if (asking.current === current.current) again.current = true;
    else void ask();
  }, []);
  useEffect(() => {
    window.clearTimeout(pause.current);
    asking.current = undefined;
    void ask();
  }, [key]);
  useEffect(() => () => window.clearTimeout(pause.current), []);
  return { value: state.key === key ? state.value : undefined, error: state.error, reload };
}

/** Calls `onTick` every `ms` while the page is visible. */
export function useInterval(ms: number, onTick: () => void): void {
  const callback = useRef(onTick);
  callback.current = onTick;
  useEffect(() => {
    const timer = window.setInterval(() => {
      if (!document.hidden) callback.current();
    }, ms);
    return () => window.clearInterval(timer);
  }, [ms]);
}
