// Runs, newest first, updated live.
import { useState } from 'preact/hooks';
import { listDags, listRuns, type Run, type RunStatus } from '../api/api.gen';
import { Elapsed, LogicalDate, When, duration, fullName, splitName } from '../parts/format';
import { runKinds, useData, useEvents } from '../api/live';
import { Empty, Pending, State } from '../parts/basics';
import { dagAddress } from '../parts/dag';
import { Link, useQuery } from '../router';

const statuses: RunStatus[] = ['queued', 'running', 'success', 'failed', 'cancelled'];
const pageSize = 50;

function Row({ run }: { run: Run }) {
  return (
    <tr>
      <td>
        <State value={run.status} />
      </td>
      <td class="wide">
        <Link to={`/runs/${run.run}`} class="row-link">
          {fullName(run.namespace, run.dag)}
        </Link>{' '}
        <Link to={dagAddress(run.namespace, run.dag)} class="quiet" aria-label={`DAG ${fullName(run.namespace, run.dag)}`}>
          DAG
        </Link>
        {run.reason && <span class="note clip">{run.reason}</span>}
      </td>
      <td data-label="Logical date">
        <LogicalDate at={run.logical_date} />
      </td>
      <td data-label="Type">{run.type}</td>
      <td data-label="Duration" class="number">
        {run.duration_s == null ? <Elapsed from={run.started_at ?? run.created_at} /> : duration(run.duration_s)}
      </td>
      <td data-label="Started">
        {run.started_at ? <When at={run.started_at} relative /> : <span class="faint">queued</span>}
      </td>
    </tr>
  );
}

function Filters({ dag, setDag, status, setStatus }: Record<'dag' | 'status', string> & Record<'setDag' | 'setStatus', (value: string) => void>) {
  const dags = useData('dags', () => listDags());
  const names = (dags.value ?? []).map((entry) => fullName(entry.namespace, entry.dag));
  return (
    <div class="filters">
      <label>
        <span class="sr">DAG</span>
        <select value={dag} onChange={(event) => setDag(event.currentTarget.value)}>
          <option value="">All DAGs</option>
          {(dag && !names.includes(dag) ? [dag, ...names] : names).map((name) => (
            <option key={name} value={name}>
              {name}
            </option>
          ))}
        </select>
      </label>
      <div class="segments" role="group" aria-label="Status">
        {['', ...statuses].map((name) => (
          <button key={name} aria-pressed={status === name} onClick={() => setStatus(name)}>
            {name || 'all'}
          </button>
        ))}
      </div>
    </div>
  );
}

export function RunsPage() {
  const [dag, setDag] = useQuery('dag');
  const [status, setStatus] = useQuery('status');
  const [backfill, setBackfill] = useQuery('backfill');
  const [pages, setPages] = useState(1);
  const fetchPages = async () => {
    const runs: Run[] = [];
    const { namespace, name } = splitName(dag);
    const wanted = { namespace, dag: name, backfill: backfill || undefined };
    let before: string | undefined;
    for (let page = 0; page < pages; page += 1) {
      const next = await listRuns({ ...wanted, status: (status || undefined) as Run['status'], before, limit: pageSize });
      runs.push(...next.runs);
      if (!next.next) return { runs, more: false };
      before = next.next;
    }
    return { runs, more: true };
  };
  const data = useData(`${dag}|${status}|${backfill}|${pages}`, fetchPages);
  useEvents(runKinds, undefined, data.reload);

  const runs = data.value?.runs;
  return (
    <>
      <div class="title">
        <h1>Runs</h1>
        {backfill && (
          <span class="badge">
            of <Link to={`/backfills/${backfill}`}>one backfill</Link>{' '}
            <button class="link" aria-label="Runs of all" onClick={() => setBackfill('')}>
              ✕
            </button>
          </span>
        )}
        <Filters dag={dag} setDag={setDag} status={status} setStatus={setStatus} />
      </div>
      {!runs && <Pending error={data.error} retry={data.reload} />}
      {runs && runs.length === 0 && (
        <Empty title={dag || status || backfill ? 'No run matches the filters.' : 'There are no runs yet.'}>
          {dag || status || backfill ? 'Remove a filter to see more runs.' : <Link to="/dags">Trigger a DAG</Link>}
        </Empty>
      )}
      {runs && runs.length > 0 && (
        <table class="list">
          <thead>
            <tr>
              <th>Status</th>
              <th>DAG</th>
              <th>Logical date</th>
              <th>Type</th>
              <th class="number">Duration</th>
              <th>Started</th>
            </tr>
          </thead>
          <tbody>
            {runs.map((run) => (
              <Row key={run.run} run={run} />
            ))}
          </tbody>
        </table>
      )}
      {data.value?.more && (
        <div class="center">
          <button onClick={() => setPages(pages + 1)}>Show older runs</button>
        </div>
      )}
    </>
  );
}
