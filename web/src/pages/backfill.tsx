// One backfill: how far it is, which dates failed, and every date with its run.
import { useState } from 'preact/hooks';
import { cancelBackfill, getBackfill, pauseBackfill, resumeBackfill, type Backfill, type BackfillDate } from '../api/api.gen';
import { backfillKinds, runKinds, useData, useEvents, useInterval } from '../api/live';
import { Action, Empty, Pending, Problem, State } from '../parts/basics';
import { Progress, progressInWords, shownAs } from '../parts/backfill';
import { DagLink, dagAddress } from '../parts/dag';
import { LogicalDate, When, fullName, logicalDate, number, requester } from '../parts/format';
import { Link, navigate } from '../router';
import { Card } from './dag';

const mostDates = 10_000;
const mostFailed = 20;
const isOver = (backfill: Backfill) => backfill.ended_at != null;

function Header({ backfill, onChange }: { backfill: Backfill; onChange: () => void }) {
  const { backfill: id, namespace, dag, state } = backfill;
  const act = (change: typeof pauseBackfill) => async (reason: string) => {
    await change(id, { reason });
    onChange();
  };
  const open = backfill.running === 1 ? '1 open run' : `${number(backfill.running)} open runs`;
  return (
    <>
      <p class="crumbs">
        <Link to="/dags">DAGs</Link> / <Link to={dagAddress(namespace, dag)}>{fullName(namespace, dag)}</Link> / Backfill
      </p>
      <div class="title">
        <h1>Backfill of {fullName(namespace, dag)}</h1>
        <State value={state} />
        <span class="spring" />
        {state === 'running' && <Action label="Pause" title="Pause the backfill" text={`It creates no more runs until it is resumed. Its ${open} will go on.`} act={act(pauseBackfill)} />}
        {state === 'paused' && <Action label="Resume" title="Resume the backfill" text={`It creates the runs of the ${number(backfill.waiting)} dates that wait.`} act={act(resumeBackfill)} />}
        {(state === 'running' || state === 'paused') && (
          <Action label="Cancel" title="Cancel the backfill" danger text={`Its ${open} will be cancelled, and ${number(backfill.waiting)} dates get no run.`} act={act(cancelBackfill)} />
        )}
      </div>
      {backfill.reason && <p class="lead">{backfill.reason}</p>}
    </>
  );
}

function Facts({ backfill }: { backfill: Backfill }) {
  return (
    <dl class="facts">
      <dt>Dates</dt>
      <dd>
        <LogicalDate at={backfill.first_date} /> – <LogicalDate at={backfill.last_date} />
      </dd>
      <dt>Order</dt>
      <dd>
        {backfill.order.replace('_', ' ')}, at most {number(backfill.max_active_runs)} at a time
      </dd>
      <dt>Reprocess</dt>
      <dd>
        {backfill.reprocess}
        {backfill.skipped > 0 && <span class="faint"> · {number(backfill.skipped)} skipped</span>}
      </dd>
      <dt>Created</dt>
      <dd>
        <When at={backfill.created_at} relative /> by {requester(backfill.actor, backfill.on_behalf_of)}
      </dd>
      {backfill.ended_at && (
        <>
          <dt>Ended</dt>
          <dd>
            <When at={backfill.ended_at} relative />
          </dd>
        </>
      )}
    </dl>
  );
}

const glyphs: Record<string, string> = { failed: '✕', cancelled: '■', waiting: '' };

/** A row for each month, or for each day if there are many dates in a month. */
function rowsOf(dates: BackfillDate[]): [string, BackfillDate[]][] {
  const sorted = [...dates].sort((a, b) => a.logical_date.localeCompare(b.logical_date));
  const byMonth = new Set(sorted.map((date) => date.logical_date.slice(0, 7)));
  const length = sorted.length > 62 * byMonth.size ? 10 : 7;
  const rows = new Map<string, BackfillDate[]>();
  for (const date of sorted) {
    const name = date.logical_date.slice(0, length);
    rows.set(name, [...(rows.get(name) ?? []), date]);
  }
  return [...rows];
}

/** One control: the arrow keys move, Enter opens the run. */
function Dates({ dates }: { dates: BackfillDate[] }) {
  const rows = rowsOf(dates);
  const [at, setAt] = useState({ row: 0, column: 0 });
  const [focused, setFocused] = useState(false);
  const chosen = rows[at.row]?.[1][at.column];
  const move = (row: number, column: number) => {
    const to = Math.max(0, Math.min(rows.length - 1, row));
    setAt({ row: to, column: Math.max(0, Math.min(rows[to][1].length - 1, column)) });
  };
  const keys: Record<string, () => void> = {
    ArrowLeft: () => move(at.row, at.column - 1),
    ArrowRight: () => move(at.row, at.column + 1),
    ArrowUp: () => move(at.row - 1, at.column),
    ArrowDown: () => move(at.row + 1, at.column),
    Enter: () => chosen?.run && navigate(`/runs/${chosen.run}`),
  };
  const say = (date: BackfillDate) => `${logicalDate(date.logical_date)}: ${date.state}`;
  return (
    <>
      <div
        class="dates-grid"
        role="grid"
        tabIndex={0}
        aria-label={`States of ${number(dates.length)} dates`}
        aria-describedby="date-at"
        onFocus={() => setFocused(true)}
        onBlur={() => setFocused(false)}
        onClick={(event) => {
          const run = (event.target as Element).closest<HTMLElement>('[data-run]')?.dataset.run;
          if (run) navigate(`/runs/${run}`);
        }}
        onKeyDown={(event) => {
          if (!keys[event.key]) return;
          event.preventDefault();
          keys[event.key]();
        }}
      >
        {rows.map(([name, row], y) => (
          <div key={name} role="row" class="dates-row">
            <span role="rowheader" class="dates-name number">
              {name}
            </span>
            <span class="dates-cells">
              {row.map((date, x) => (
                <span key={date.position} role="gridcell" class={`date-cell${focused && y === at.row && x === at.column ? ' chosen-cell' : ''}`} data-run={date.run ?? undefined}>
                  <span class={`cell s-${shownAs(date.state)}`} title={say(date)}>
                    {glyphs[date.state]}
                  </span>
                </span>
              ))}
            </span>
          </div>
        ))}
      </div>
      <p id="date-at" class="sr" role="status">
        {focused && chosen ? say(chosen) : ''}
      </p>
    </>
  );
}

function Failed({ dates, total }: { dates: BackfillDate[]; total: number }) {
  if (total === 0) return null;
  return (
    <Card title="Failed" fact={`${number(total)}`}>
      <ul class="rows">
        {dates.slice(0, mostFailed).map((date) => (
          <li key={date.position}>
            <Link to={`/runs/${date.run}`}>
              <LogicalDate at={date.logical_date} />
            </Link>
            <State value="failed" />
          </li>
        ))}
      </ul>
      {total > mostFailed && <p class="note">and {number(total - mostFailed)} more</p>}
    </Card>
  );
}

export function BackfillPage({ backfill: id }: { backfill: string }) {
  const data = useData(`backfill ${id}`, () => getBackfill(id, { limit: mostDates }));
  const absent = !data.value && [400, 404].includes(data.error?.status ?? 0);
  useEvents([...runKinds, ...backfillKinds], undefined, data.reload, !absent);
  const backfill = data.value?.backfill;
  useInterval(3000, () => backfill && !isOver(backfill) && data.reload());
  if (absent)
    return (
      <Empty title="There is no such backfill.">
        {data.error?.message}. <Link to="/dags">Go to the DAGs</Link>
      </Empty>
    );
  if (!data.value || !backfill) return <Pending error={data.error} retry={data.reload} />;
  const { dates } = data.value;
  return (
    <>
      <Header backfill={backfill} onChange={data.reload} />
      {data.error && <Problem error={data.error} />}
      <p class="verdict">
        <strong>{progressInWords(backfill)}</strong>
      </p>
      {backfill.state === 'paused' && <p class="warn">Paused{backfill.pause_reason && `: ${backfill.pause_reason}`}</p>}
      <Progress backfill={backfill} />
      <Facts backfill={backfill} />
      <div class="columns">
        <Card title="Dates" fact={<Link to={`/runs?backfill=${id}`}>List of its runs</Link>}>
          <Dates dates={dates} />
        </Card>
        <div>
          <Failed dates={dates.filter((date) => date.state === 'failed')} total={backfill.failed} />
          <p class="note">
            Its runs use the version of <DagLink namespace={backfill.namespace} dag={backfill.dag} /> that is current when they are created.
          </p>
        </div>
      </div>
    </>
  );
}
