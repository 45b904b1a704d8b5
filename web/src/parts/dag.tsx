// Parts that pages about DAGs share.
import { useState } from 'preact/hooks';
import { patchDag, type Dag, type DagFileError } from '../api/api.gen';
import { ApiError } from '../api/http';
import { Link } from '../router';
import { LogicalDate, When, fullName } from './format';

/** The page of a DAG. */
export function dagAddress(namespace: string, dag: string, query: Record<string, string> = {}): string {
  const given = { ...(namespace === 'default' ? {} : { namespace }), ...query };
  const text = new URLSearchParams(given).toString();
  return `/dags/${encodeURIComponent(dag)}${text ? `?${text}` : ''}`;
}

export function DagLink({ namespace, dag }: { namespace: string; dag: string }) {
  return <Link to={dagAddress(namespace, dag)}>{fullName(namespace, dag)}</Link>;
}

export function DatasetLink({ namespace, dataset }: { namespace: string; dataset: string }) {
  return <Link to={`/datasets?dataset=${encodeURIComponent(fullName(namespace, dataset))}`}>{fullName(namespace, dataset)}</Link>;
}

/** No run of it can start: no file declares it, or this program cannot compile it. */
export const isOut = (dag: Dag) => dag.state === 'retired' || dag.state === 'out_of_order';

export function OutState({ dag }: { dag: Dag }) {
  if (!isOut(dag)) return null;
  const retired = dag.state === 'retired';
  return (
    <>
      <span class={`badge ${retired ? 'warn' : 'bad'}`}>{retired ? 'retired' : 'out of order'}</span>
      <span class="note">{dag.state_reason}</span>
    </>
  );
}

export function NextRun({ dag }: { dag: Dag }) {
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

export function PauseSwitch({ dag, onChange }: { dag: Dag; onChange: () => void }) {
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

/** What is wrong in one file, each problem with its line and a caret. */
export function FileError({ error }: { error: DagFileError }) {
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

/** The files that cannot be loaded; nothing if all can. Lists of resources show retired ones themselves. */
export function FileErrors({ errors }: { errors: DagFileError[] }) {
  const broken = errors.filter((error) => error.diagnostics.some((one) => one.code !== 'retired'));
  if (broken.length === 0) return null;
  return (
    <section class="file-errors" aria-label="Files that cannot be loaded">
      <h2>{broken.length === 1 ? 'One file cannot be loaded' : `${broken.length} files cannot be loaded`}</h2>
      {broken.map((error) => (
        <FileError key={error.source} error={error} />
      ))}
    </section>
  );
}
