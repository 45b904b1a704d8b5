// Backfills: their progress, the dialog that plans and starts one, and a list of them.
import { useRef, useState } from 'preact/hooks';
import { createBackfill, type Backfill, type BackfillOrder, type BackfillResult, type Dag, type Reprocess } from '../api/api.gen';
import { ApiError } from '../api/http';
import { navigate, Link } from '../router';
import { Dialog, Problem, State } from './basics';
import { When, fullName, logicalDate, number } from './format';
import { Field, asText, valueOf, type Param } from './params';

const dateStates = ['success', 'failed', 'cancelled', 'running', 'waiting'] as const;
export type DateCount = (typeof dateStates)[number];
/** The colour of a state of a date; a date that waits looks like a pending task. */
export const shownAs = (state: string): string => (state === 'waiting' ? 'pending' : state);

const words: Record<DateCount, string> = { success: 'succeeded', failed: 'failed', cancelled: 'cancelled', running: 'running', waiting: 'waiting' };

/** "12 of 30 runs have ended: 11 succeeded, 1 failed; 2 running, 16 waiting." */
export function progressInWords(backfill: Backfill): string {
  const part = (states: DateCount[]) =>
    states
      .filter((state) => backfill[state] > 0)
      .map((state) => `${number(backfill[state])} ${words[state]}`)
      .join(', ');
  const ended = backfill.success + backfill.failed + backfill.cancelled;
  const [done, open] = [part(['success', 'failed', 'cancelled']), part(['running', 'waiting'])];
  return `${number(ended)} of ${number(backfill.dates)} dates have ended${done && `: ${done}`}${open && `; ${open}`}.`;
}

export function Progress({ backfill }: { backfill: Backfill }) {
  return (
    <div class="progress" role="img" aria-label={progressInWords(backfill)}>
      {dateStates.map((state) => backfill[state] > 0 && <span key={state} class={`s-${shownAs(state)}`} style={{ flexGrow: backfill[state] }} title={`${number(backfill[state])} ${words[state]}`} />)}
    </div>
  );
}

export function BackfillList({ backfills }: { backfills: Backfill[] }) {
  return (
    <ul class="rows">
      {backfills.map((one) => (
        <li key={one.backfill}>
          <span>
            <Link to={`/backfills/${one.backfill}`}>
              {logicalDate(one.first_date)}
              {one.dates > 1 && <> – {logicalDate(one.last_date)}</>}
            </Link>
            <span class="note">
              {number(one.success)} of {number(one.dates)} succeeded{one.failed > 0 && `, ${number(one.failed)} failed`} · <When at={one.created_at} relative />
            </span>
          </span>
          <State value={one.state} />
        </li>
      ))}
    </ul>
  );
}

const policies: [Reprocess, string][] = [
  ['missing', 'dates without a run'],
  ['failed', 'also dates whose newest run failed or was cancelled'],
  ['all', 'every date without an open run'],
];

const mostShown = 200;

function Preview({ plan }: { plan: BackfillResult }) {
  const dates = plan.plan ?? [];
  return (
    <div class="preview">
      <strong>
        {number(plan.dates)} {plan.dates === 1 ? 'date runs' : 'dates run'}
        {plan.skipped ? `, ${number(plan.skipped)} ${plan.skipped === 1 ? 'is' : 'are'} skipped` : ''}
      </strong>
      <ol tabIndex={0} aria-label="Plan">
        {dates.slice(0, mostShown).map((date) => (
          <li key={date.logical_date} class={date.action === 'skip' ? 'faint' : ''}>
            <span class="number nowrap">{logicalDate(date.logical_date)}</span> {date.action}
            <span class="note">{date.reason}</span>
          </li>
        ))}
      </ol>
      {dates.length > mostShown && <span class="note">and {number(dates.length - mostShown)} more</span>}
    </div>
  );
}

/** First the plan, and then, with the same request, the backfill. */
export function BackfillDialog({ dag, onClose }: { dag: Dag; onClose: () => void }) {
  const params = dag.params as Param[];
  const [texts, setTexts] = useState<Record<string, string>>(Object.fromEntries(params.map((param) => [param.name, asText(param.schema.default)])));
  const [from, setFrom] = useState('');
  const [to, setTo] = useState('');
  const [dates, setDates] = useState('');
  const [reprocess, setReprocess] = useState<Reprocess>('missing');
  const [order, setOrder] = useState<BackfillOrder>('oldest_first');
  const [most, setMost] = useState('4');
  const [reason, setReason] = useState('');
  const [plan, setPlan] = useState<BackfillResult>();
  const [error, setError] = useState<ApiError>();
  const [busy, setBusy] = useState(false);
  const key = useRef('');
  const zone = dag.time_zone ?? 'UTC';
  /** Another request needs another plan. */
  const changed = <T,>(set: (value: T) => void) => (value: T) => {
    setPlan(undefined);
    setError(undefined);
    set(value);
  };

  const send = async (dryRun: boolean) => {
    const named = dates.split(/[\s,]+/).filter(Boolean);
    const range = dag.cron ? { from: from || undefined, to: to || undefined } : { dates: named };
    const values = Object.fromEntries(params.map((param) => [param.name, valueOf(param, texts[param.name])]));
    const body = { ...range, reprocess, order, max_active_runs: Number(most) || 0, params: values, reason, dry_run: dryRun };
    return createBackfill(dag.dag, body, { namespace: dag.namespace }, dryRun ? {} : { 'Idempotency-Key': key.current });
  };
  const submit = async (event: Event) => {
    event.preventDefault();
    setBusy(true);
    setError(undefined);
    try {
      const result = await send(!plan);
      if (plan) return navigate(`/backfills/${result.backfill}`);
      key.current = `dashboard-${Date.now()}-${Math.random().toString(36).slice(2)}`;
      setPlan(result);
    } catch (caught) {
      setError(caught as ApiError);
    }
    setBusy(false);
  };
  return (
    <Dialog title={`Backfill ${fullName(dag.namespace, dag.dag)}`} onClose={onClose}>
      <form onSubmit={submit}>
        {dag.cron ? (
          <fieldset class="even">
            <legend>
              Logical dates <span class="faint">first and last day, in {zone}</span>
            </legend>
            <input type="date" aria-label="First day" required value={from} onInput={(event) => changed(setFrom)(event.currentTarget.value)} />
            <input type="date" aria-label="Last day" required value={to} onInput={(event) => changed(setTo)(event.currentTarget.value)} />
          </fieldset>
        ) : (
          <label>
            <span>
              Logical dates <span class="faint">one a line, in UTC unless they have an offset</span>
            </span>
            <textarea rows={4} required value={dates} onInput={(event) => changed(setDates)(event.currentTarget.value)} />
          </label>
        )}
        <label>
          Run
          <select value={reprocess} onChange={(event) => changed(setReprocess)(event.currentTarget.value as Reprocess)}>
            {policies.map(([policy, text]) => (
              <option key={policy} value={policy}>
                {text}
              </option>
            ))}
          </select>
        </label>
        <fieldset class="even">
          <legend>Order, and how many runs at a time</legend>
          <select aria-label="Order" value={order} onChange={(event) => changed(setOrder)(event.currentTarget.value as BackfillOrder)}>
            <option value="oldest_first">oldest first</option>
            <option value="newest_first">newest first</option>
          </select>
          <input type="number" aria-label="Runs at a time" min={1} max={1000} required value={most} onInput={(event) => changed(setMost)(event.currentTarget.value)} />
        </fieldset>
        {params.map((param) => (
          <Field key={param.name} param={param} text={texts[param.name]} onText={changed((text: string) => setTexts((old) => ({ ...old, [param.name]: text })))} />
        ))}
        <label>
          <span>
            Reason <span class="faint">optional</span>
          </span>
          <input value={reason} maxLength={500} placeholder="stored in the journal" onInput={(event) => changed(setReason)(event.currentTarget.value)} />
        </label>
        {error && <Problem error={error} />}
        {plan && <Preview plan={plan} />}
        <div class="buttons">
          <button type="button" onClick={onClose}>
            Close
          </button>
          <button class="solid" disabled={busy || plan?.dates === 0}>
            {plan ? `Start ${number(plan.dates)} ${plan.dates === 1 ? 'run' : 'runs'}` : 'Show the plan'}
          </button>
        </div>
      </form>
    </Dialog>
  );
}
