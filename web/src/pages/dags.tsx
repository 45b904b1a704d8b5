// DAGs: first the files that cannot be loaded, then each DAG with its schedule, last runs and switches.
import { useState } from 'preact/hooks';
import { listDagErrors, listDags, patchDag, type Dag, type DagFileError } from '../api/api.gen';
import { LogicalDate, When, fullName } from '../parts/format';
import { dagKinds, useData, useEvents } from '../api/live';
import { Empty, Pending, Problem, Squares, Words } from '../parts/basics';
import { ApiError } from '../api/http';
import { Link } from '../router';
import { TriggerDialog } from '../parts/trigger';

function FileError({ error }: { error: DagFileError }) {
  const diagnostics = error.diagnostics;
  return (
    <div class="file-error">
      <div class="file-error-head">
        <strong>{error.source}</strong>
        <span>
          {diagnostics.length === 1 ? '1 problem' : `${diagnostics.length} problems`} · the last valid version stays active ·{' '}
          <When at={error.at} relative />
        </span>
      </div>
      {diagnostics.map((one) => (
        <div class="diagnostic">
          <div>
            <code>
              {one.file}
              {one.line ? `:${one.line}:${one.column}` : ''}
            </code>{' '}
            <span class={one.severity === 'warning' ? 'warn' : 'bad'}>{one.severity}</span> {one.message}
            {one.hint && <span class="hint"> {one.hint}</span>}
          </div>
          {one.text != null && (
            <pre>
              {`${String(one.line).padStart(4)} │ ${one.text}\n     │ ${' '.repeat(Math.max(0, one.column - 1))}^`}
            </pre>
          )}
        </div>
      ))}
    </div>
  );
}

function schedule(dag: Dag): string {
  if (dag.cron) return dag.cron;
  if (dag.datasets.length) return `on dataset ${dag.datasets.join(', ')}`;
  const event = dag.on_event as { type?: string } | null;
  return event?.type ? `on event ${event.type}` : 'manual';
}

/** No run of it can start: no file declares it, or this program cannot compile it. */
const isOut = (dag: Dag) => dag.state === 'retired' || dag.state === 'out_of_order';

function OutState({ dag }: { dag: Dag }) {
  if (!isOut(dag)) return null;
  const retired = dag.state === 'retired';
  return (
    <>
      <span class={`badge ${retired ? 'warn' : 'bad'}`}>{retired ? 'retired' : 'out of order'}</span>
      <span class="note">{dag.state_reason}</span>
    </>
  );
}

function NextRun({ dag }: { dag: Dag }) {
  if (isOut(dag)) return <span class="faint">–</span>;
  if (dag.paused) return <span class="faint">paused</span>;
  if (!dag.next_run_at) return <span class="faint">–</span>;
  const due = Date.parse(dag.next_run_at) <= Date.now();
  return due ? (
    <span>
      due: <LogicalDate at={dag.next_run_at} />
    </span>
  ) : (
    <When at={dag.next_run_at} relative />
  );
}

function PauseSwitch({ dag, onChange }: { dag: Dag; onChange: () => void }) {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<ApiError>();
  const flip = async () => {
    setBusy(true);
    try {
      await patchDag(dag.dag, { paused: !dag.paused }, { namespace: dag.namespace });
      setError(undefined);
      onChange();
    } catch (caught) {
      setError(caught as ApiError);
    } finally {
      setBusy(false);
    }
  };
  return (
    <>
      <button
        class="switch"
        role="switch"
        aria-checked={!dag.paused}
        aria-label={`${fullName(dag.namespace, dag.dag)} is ${dag.paused ? 'paused' : 'active'}`}
        title={dag.paused ? 'Paused: it runs only when triggered. Click to activate.' : 'Active. Click to pause.'}
        disabled={busy}
        onClick={flip}
      >
        <i aria-hidden="true" />
      </button>
      {error && <span class="bad">{error.message}</span>}
    </>
  );
}

function Row({ dag, onTrigger, onChange }: { dag: Dag; onTrigger: () => void; onChange: () => void }) {
  return (
    <tr>
      <td class="tight">
        {!isOut(dag) && <PauseSwitch dag={dag} onChange={onChange} />}
      </td>
      <td class="wide">
        <Link to={`/runs?dag=${encodeURIComponent(fullName(dag.namespace, dag.dag))}`} class="row-link">
          {fullName(dag.namespace, dag.dag)}
        </Link>
        {dag.tags.map((tag) => (
          <span class="tag">{tag}</span>
        ))}{' '}
        <OutState dag={dag} />
        {dag.doc && (
          <span class="note">
            <Words text={dag.doc} />
          </span>
        )}
      </td>
      <td data-label="Schedule" class={dag.cron ? 'nowrap' : ''}>
        <code title={dag.time_zone ?? undefined}>{schedule(dag)}</code>
        {dag.time_zone && dag.time_zone !== 'UTC' && <span class="note">{dag.time_zone}</span>}
      </td>
      <td data-label="Next run">
        <NextRun dag={dag} />
      </td>
      <td data-label="Last runs">
        <Squares runs={dag.recent_runs} />
      </td>
      <td data-label="Owner" class="nowrap">{dag.owner || <span class="faint">–</span>}</td>
      <td class="right">
        <button onClick={onTrigger} disabled={isOut(dag)}>
          Trigger
        </button>
      </td>
    </tr>
  );
}

export function DagsPage() {
  const dags = useData('dags', () => listDags({ recent: 12 }));
  const errors = useData('errors', () => listDagErrors());
  const [triggered, setTriggered] = useState<Dag>();
  const reload = () => {
    dags.reload();
    errors.reload();
  };
  useEvents(dagKinds, undefined, reload);
  // The list itself shows retired DAGs.
  const isShown = (error: DagFileError) => error.diagnostics.some((one) => one.code !== 'retired');
  const broken = (errors.value ?? []).filter(isShown);
  return (
    <>
      <div class="title">
        <h1>DAGs</h1>
      </div>
      {broken.length > 0 && (
        <section class="file-errors" aria-label="Files that cannot be loaded">
          <h2>
            {broken.length === 1 ? 'One file cannot be loaded' : `${broken.length} files cannot be loaded`}
          </h2>
          {broken.map((error) => (
            <FileError key={error.source} error={error} />
          ))}
        </section>
      )}
      {!dags.value && <Pending error={dags.error} retry={dags.reload} />}
      {dags.value && dags.error && <Problem error={dags.error} />}
      {dags.value?.length === 0 && (
        <Empty title="There are no DAGs yet.">
          Put a YAML file into <code>dags/</code>; Millrace reads it as soon as it is saved.
        </Empty>
      )}
      {dags.value && dags.value.length > 0 && (
        <table class="list">
          <thead>
            <tr>
              <th class="tight">
                <span class="sr">Active</span>
              </th>
              <th>DAG</th>
              <th>Schedule</th>
              <th>Next run</th>
              <th>Last runs</th>
              <th>Owner</th>
              <th />
            </tr>
          </thead>
          <tbody>
            {dags.value.map((dag) => (
              <Row key={fullName(dag.namespace, dag.dag)} dag={dag} onTrigger={() => setTriggered(dag)} onChange={reload} />
            ))}
          </tbody>
        </table>
      )}
      {triggered && <TriggerDialog dag={triggered} onClose={() => setTriggered(undefined)} />}
    </>
  );
}
