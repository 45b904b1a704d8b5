// One DAG over time: is it reliable, what does it read and write, when does it run next, what changed.
import type { ComponentChildren } from 'preact';
import { useState } from 'preact/hooks';
import {
  getComingFires, getDag, getDagGrid, getDagVersion, listBackfills, listDatasets, listModels, listResourceVersions,
  type BackfillPage, type ComingFire, type Dag, type DagDetail, type DagGrid, type DagTask, type Dataset, type ResourceVersion,
} from '../api/api.gen';
import { requestText } from '../api/http';
import { backfillKinds, dagKinds, useData, useEvents, useInterval } from '../api/live';
import { BackfillDialog, BackfillList } from '../parts/backfill';
import { Digest, Empty, JsonBlock, Pending, Problem, Words, isEmpty } from '../parts/basics';
import { DagLink, DatasetLink, OutState, PauseSwitch, dagAddress, isOut } from '../parts/dag';
import { LogicalDate, When, duration, fullName } from '../parts/format';
import { Graph } from '../parts/graph';
import { Grid } from '../parts/grid';
import { startsInWords } from '../parts/schedule';
import { isOpen, tolerates } from '../parts/states';
import { TriggerDialog } from '../parts/trigger';
import { Link, useQuery } from '../router';

export function Card({ title, fact, children }: { title: string; fact?: ComponentChildren; children: ComponentChildren }) {
  return (
    <section class="card" aria-label={title}>
      <div class="card-head">
        <h2>{title}</h2>
        {fact && <span class="fact">{fact}</span>}
      </div>
      {children}
    </section>
  );
}

/** "Succeeded in 11 of the last 12 runs; a run takes 24 s." */
function reliability(grid: DagGrid): string {
  const ended = grid.runs.filter(({ run }) => !isOpen(run));
  if (ended.length === 0) return 'No run has ended yet.';
  const good = ended.filter(({ run }) => run.status === 'success');
  const times = good.map(({ run }) => run.duration_s ?? 0).sort((a, b) => a - b);
  const count = ended.length === 1 ? 'the only run' : `the last ${ended.length} runs`;
  const first = good.length === ended.length ? `Succeeded in ${count}` : `Succeeded in ${good.length} of ${count}`;
  return times.length ? `${first}; a run takes ${duration(times[Math.floor(times.length / 2)])}.` : `${first}.`;
}

type HeaderProps = { dag: Dag; grid?: DagGrid; onTrigger: () => void; onBackfill: () => void; onChange: () => void };

function Header({ dag, grid, onTrigger, onBackfill, onChange }: HeaderProps) {
  const running = grid?.runs.filter(({ run }) => run.status === 'running').length ?? 0;
  const scheduled = dag.cron || dag.datasets.length || dag.on_event || dag.on_webhook;
  return (
    <>
      <p class="crumbs">
        <Link to="/dags">DAGs</Link> / {fullName(dag.namespace, dag.dag)}
      </p>
      <div class="title">
        <h1>{fullName(dag.namespace, dag.dag)}</h1>
        {running > 0 && <span class="badge running">{running} running</span>}
        {dag.tags.map((tag) => (
          <span class="tag">{tag}</span>
        ))}
        <OutState dag={dag} />
        <span class="spring" />
        {!isOut(dag) && (
          <span class="switch-label">
            <PauseSwitch dag={dag} onChange={onChange} /> {dag.paused ? 'Paused' : scheduled ? 'Scheduled' : 'Active'}
          </span>
        )}
        <button onClick={onBackfill} disabled={isOut(dag)}>
          Backfill
        </button>
        <button class="solid" onClick={onTrigger} disabled={isOut(dag)}>
          Trigger
        </button>
      </div>
      {dag.doc && (
        <p class="lead">
          <Words text={dag.doc} />
        </p>
      )}
      <dl class="facts">
        <dt>Starts</dt>
        <dd title={dag.cron ?? undefined}>
          {startsInWords(dag)} {dag.cron && dag.time_zone}
        </dd>
        <dt>Owner</dt>
        <dd>{dag.owner || <span class="faint">–</span>}</dd>
        <dt>File</dt>
        <dd>
          <code>{dag.source || '–'}</code>
        </dd>
        <dt>Version</dt>
        <dd>
          <Link to={dagAddress(dag.namespace, dag.dag, { version: dag.version })}>
            <Digest value={dag.version} />
          </Link>{' '}
          since <When at={dag.updated_at} relative />
        </dd>
      </dl>
    </>
  );
}

function TaskDefinition({ task }: { task: DagTask }) {
  const facts: [string, ComponentChildren][] = [
    ['Operator', <code>{task.operator}</code>],
    ['Needs', task.needs.length ? task.needs.join(', ') : '–'],
    ['Starts if', task.condition ? <code>{task.condition}</code> : task.depends ? <code>{task.depends}</code> : task.teardown_of.length > 0 ? 'a setup has succeeded and all tasks in between have ended' : task.trigger_rule.replaceAll('_', ' ')],
    ['Retries', String(task.retries)],
    ['Time limit', duration(task.timeout_s)],
  ];
  return (
    <section class="panel" aria-label={`Task ${task.task}`}>
      <div class="panel-head">
        <h2>{task.task}</h2>
        {task.mapped && <span class="tag">one instance for each item{task.max_active > 0 && `, at most ${task.max_active} at a time`}</span>}
        {task.continue_on_error && <span class="tag">continue_on_error</span>}
        {task.teardown_of.length > 0 && <span class="tag">teardown of {task.teardown_of.join(', ')}{task.fail_run && ', fails the run'}</span>}
      </div>
      {task.doc && (
        <p>
          <Words text={task.doc} />
        </p>
      )}
      <dl class="facts">
        {facts.map(([name, value]) => (
          <>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </>
        ))}
      </dl>
      {!isEmpty(task.with) && <JsonBlock value={task.with} />}
    </section>
  );
}

function Tasks({ detail }: { detail: DagDetail }) {
  const [chosen, setChosen] = useQuery('task');
  const task = detail.tasks.find((one) => one.task === chosen);
  const nodes = detail.tasks.map((one) => ({ id: one.task, needs: one.needs, caption: one.operator, many: one.mapped, teardownOf: one.teardown_of }));
  const count = detail.tasks.length === 1 ? '1 task' : `${detail.tasks.length} tasks`;
  return (
    <Card title="Graph" fact={`${count} of the current version`}>
      <Graph label="Graph of the DAG's tasks" nodes={nodes} selected={chosen} onSelect={(name) => setChosen(name === chosen ? '' : name)} />
      {task && <TaskDefinition task={task} />}
    </Card>
  );
}

function Runs({ detail, grid, onMore }: { detail: DagDetail; grid: DagGrid; onMore?: () => void }) {
  const { dag } = detail;
  const tolerated = new Set(detail.tasks.filter(tolerates).map((one) => one.task));
  const all = (
    <Link to={`/runs?dag=${encodeURIComponent(fullName(dag.namespace, dag.dag))}`}>
      List of runs
    </Link>
  );
  return (
    <Card title="Runs" fact={<>{grid.runs.length > 0 && `newest ${grid.runs.length}, the latest at the right · `}{all}</>}>
      {grid.runs.length === 0 ? <p class="faint">It has not run yet. Its next start is listed under “Next fires”; “Trigger” starts it now.</p> : <Grid grid={grid} tolerates={({ run }, task) => run.version === dag.version && tolerated.has(task)} />}
      {onMore && (
        <div class="center">
          <button onClick={onMore}>Show up to 100 runs</button>
        </div>
      )}
    </Card>
  );
}

const clockChanges: Record<string, string> = {
  ahead: 'the clock jumps ahead',
  first: 'first of two such times',
  second: 'second of two such times',
};

/** The wall clock of the DAG's zone first, as its author thinks of it. */
function Fire({ fire }: { fire: ComingFire }) {
  return (
    <li>
      <span>
        <strong class="number">{fire.local.slice(0, 16).replace('T', ' ')}</strong>
        {clockChanges[fire.clock_change] && <span class="note">{clockChanges[fire.clock_change]}</span>}
      </span>
      <span class="faint number">
        {fire.at.slice(0, 16).replace('T', ' ')} UTC
        <span class="note">in {duration((Date.parse(fire.at) - Date.now()) / 1000)}</span>
      </span>
    </li>
  );
}

function Fires({ dag }: { dag: Dag }) {
  const coming = useData(`fires ${dag.namespace}/${dag.dag} ${dag.version} ${dag.paused} ${dag.next_run_at}`, () => getComingFires(dag.dag, { namespace: dag.namespace, count: 6 }));
  if (!coming.value) return coming.error ? <Problem error={coming.error} /> : null;
  const { cron, fires, held, time_zone } = coming.value;
  return (
    <Card title="Next fires" fact={cron && <>{time_zone}</>}>
      {held && <p class="warn">{held === 'paused' ? 'Paused: none of these starts a run until the DAG is active.' : `None of these starts a run: ${held}`}</p>}
      {!cron && <p class="faint">It has no schedule. It starts {startsInWords(dag)}.</p>}
      {cron && fires.length === 0 && <p class="faint">The schedule has ended.</p>}
      <ul class="rows">
        {fires.map((fire) => (
          <Fire key={fire.at} fire={fire} />
        ))}
      </ul>
    </Card>
  );
}

/** Nothing without backfills: few DAGs have one. */
function Backfills({ page }: { page?: BackfillPage }) {
  if (!page || page.backfills.length === 0) return null;
  return (
    <Card title="Backfills" fact={page.next ? 'newest 5' : undefined}>
      <BackfillList backfills={page.backfills} />
    </Card>
  );
}

const literal = (value: unknown): value is string => typeof value === 'string' && value !== '' && !value.includes('${{');
const parameter = (task: DagTask, name: string) => (task.with as Record<string, unknown> | null)?.[name];

function Data({ detail }: { detail: DagDetail }) {
  const { dag, tasks } = detail;
  const datasets = useData('datasets', () => listDatasets({ namespace: dag.namespace }));
  const models = useData('models', () => listModels({ namespace: dag.namespace }));
  const known = new Map((datasets.value ?? []).map((one) => [one.dataset, one]));
  const written = new Set([
    ...tasks.map((task) => parameter(task, 'dataset')).filter(literal),
    ...(datasets.value ?? []).filter((one) => one.dag === dag.dag).map((one) => one.dataset),
  ]);
  const modelNames = [...new Set(tasks.map((task) => parameter(task, 'model')).filter(literal))];
  const row = (name: string, direction: 'in' | 'out') => {
    const one: Dataset | undefined = known.get(name);
    const starts = direction === 'out' ? (one?.starts ?? []).filter((id) => id !== dag.dag) : [];
    return (
      <li key={direction + name}>
        <span>
          <span class="direction">{direction}</span> <DatasetLink namespace={dag.namespace} dataset={name} />
          {starts.length > 0 && (
            <span class="note">
              starts{' '}
              {starts.map((id, i) => (
                <>
                  {i > 0 && ', '}
                  <DagLink namespace={dag.namespace} dag={id} />
                </>
              ))}
            </span>
          )}
        </span>
        <span class="faint">
          {one?.watermark && <>up to {String(one.watermark.value)}</>}
          {one?.updated_at ? (
            <span class="note">
              updated <When at={one.updated_at} relative />
            </span>
          ) : (
            !one?.watermark && 'not yet updated'
          )}
        </span>
      </li>
    );
  };
  return (
    <Card title="Data and models">
      {dag.datasets.length + written.size + modelNames.length === 0 && <p class="faint">Its tasks name no dataset and no model.</p>}
      <ul class="rows">
        {dag.datasets.map((name) => row(name, 'in'))}
        {[...written].map((name) => row(name, 'out'))}
        {modelNames.map((name) => {
          const model = models.value?.find((one) => one.model === name);
          return (
            <li key={`model ${name}`}>
              <span>
                <span class="direction">model</span> <Link to="/models">{name}</Link>
              </span>
              <span class="faint">
                {!model && 'not yet trained'}
                {model?.champion && `v${model.champion.version} serves`}
                {model?.candidate && `, v${model.candidate.version} in canary`}
              </span>
            </li>
          );
        })}
      </ul>
    </Card>
  );
}

function Versions({ dag, versions, chosen }: { dag: Dag; versions: ResourceVersion[]; chosen: string }) {
  const [all, setAll] = useState(false);
  const shown = all ? versions : versions.slice(0, 8);
  return (
    <Card title="Versions" fact={versions.length > 1 ? `${versions.length}` : undefined}>
      <ul class="rows">
        {shown.map((one) => (
          <li key={one.version}>
            <Link to={dagAddress(dag.namespace, dag.dag, { version: one.version })} aria-current={one.version === chosen ? 'true' : undefined}>
              <Digest value={one.version} />
            </Link>
            <span class="faint">
              {one.version === dag.version && <span class="tag">current</span>} <When at={one.registered_at} relative />
            </span>
          </li>
        ))}
      </ul>
      {versions.length > shown.length && (
        <button class="link" onClick={() => setAll(true)}>
          Show all {versions.length}
        </button>
      )}
    </Card>
  );
}

/** The text of the file as it is now, or the canonical form of a version. */
function Source({ dag, version }: { dag: Dag; version: string }) {
  const inNamespace = { namespace: dag.namespace };
  const address = `/api/v1/dags/${encodeURIComponent(dag.dag)}/source`;
  const data = useData(`source ${dag.namespace}/${dag.dag} ${dag.version} ${version}`, async () =>
    version ? JSON.stringify(await getDagVersion(dag.dag, version, inNamespace), null, 2) : requestText(address, inNamespace),
  );
  return (
    <Card
      title="Source"
      fact={
        version ? (
          <>
            canonical form of version <Digest value={version} /> · <Link to={dagAddress(dag.namespace, dag.dag)}>Show the file</Link>
          </>
        ) : (
          <code>{dag.source}</code>
        )
      }
    >
      {data.value == null ? <Pending error={data.error} retry={data.reload} /> : <pre class="json source">{data.value}</pre>}
    </Card>
  );
}

const fewRuns = 40;
const manyRuns = 100;

export function DagPage({ dag: id }: { dag: string }) {
  const [namespace] = useQuery('namespace');
  const [version] = useQuery('version');
  const [count, setCount] = useState(fewRuns);
  const [triggering, setTriggering] = useState(false);
  const [backfilling, setBackfilling] = useState(false);
  const where = { namespace: namespace || undefined };
  const detail = useData(`dag ${namespace}/${id}`, () => getDag(id, { ...where, recent: 0 }));
  const grid = useData(`grid ${namespace}/${id} ${count}`, () => getDagGrid(id, { ...where, runs: count }));
  const backfills = useData(`backfills ${namespace}/${id}`, () => listBackfills({ namespace: namespace || 'default', dag: id, limit: 5 }));
  const versions = useData(`versions ${namespace}/${id} ${detail.value?.dag.version}`, () => listResourceVersions('dag', namespace || 'default', id));
  const absent = !detail.value && [400, 404].includes(detail.error?.status ?? 0);
  const reload = () => {
    detail.reload();
    grid.reload();
    backfills.reload();
  };
  // One stream for all of it: a browser opens few connections to one host.
  useEvents([...dagKinds, ...backfillKinds], undefined, (events) => {
    // Events of other DAGs change nothing here.
    if (!events || events.some((event) => 'dag' in event && event.dag === id)) return reload();
    if (events.some((event) => event.kind.startsWith('backfill_'))) backfills.reload();
  }, !absent);
  const isRunning = grid.value?.runs.some(({ run }) => isOpen(run));
  useInterval(3000, () => isRunning && grid.reload());
  if (absent)
    return (
      <Empty title={`There is no DAG '${fullName(namespace || 'default', id)}'.`}>
        {detail.error?.message}. <Link to="/dags">Go to the DAGs</Link>
      </Empty>
    );
  if (!detail.value) return <Pending error={detail.error} retry={detail.reload} />;
  const { dag } = detail.value;
  return (
    <>
      <Header dag={dag} grid={grid.value} onTrigger={() => setTriggering(true)} onBackfill={() => setBackfilling(true)} onChange={reload} />
      {detail.error && <Problem error={detail.error} />}
      <p class="verdict">{grid.value && <strong>{reliability(grid.value)}</strong>}</p>
      <div class="columns">
        <div>
          <Tasks detail={detail.value} />
          {grid.value ? (
            <Runs detail={detail.value} grid={grid.value} onMore={grid.value.next && count < manyRuns ? () => setCount(manyRuns) : undefined} />
          ) : (
            <Pending error={grid.error} retry={grid.reload} />
          )}
        </div>
        <div>
          <Fires dag={dag} />
          <Backfills page={backfills.value} />
          <Data detail={detail.value} />
          <Versions dag={dag} versions={versions.value ?? []} chosen={version} />
          {dag.last_logical_date && (
            <p class="note">
              Last scheduled run: <LogicalDate at={dag.last_logical_date} />
            </p>
          )}
        </div>
      </div>
      <Source dag={dag} version={version} />
      {backfilling && <BackfillDialog dag={dag} onClose={() => setBackfilling(false)} />}
      {triggering && <TriggerDialog dag={dag} onClose={() => setTriggering(false)} />}
    </>
  );
}
