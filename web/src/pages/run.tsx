// One run: its graph with live states, timeline, and the chosen task.
import { useEffect, useState } from 'preact/hooks';
import { cancelRun, getRun, listArtifacts, listRunWatermarks, retryRun, type Artifact, type Run, type StreamEvent, type TaskState } from '../api/api.gen';
import { Elapsed, LogicalDate, When, bytes, duration, fullName, number, requester } from '../parts/format';
import { Gantt } from '../parts/gantt';
import { Graph } from '../parts/graph';
import { Instances } from '../parts/instances';
import { isOpen, nodeOf, tolerates } from '../parts/states';
import { useData, useEvents, type Kind } from '../api/live';
import { Action, Digest, Empty, JsonBlock, Pending, State, isEmpty } from '../parts/basics';
import { Link, useQuery } from '../router';
import { TaskPanel } from '../parts/task';
import { useTasks, type Counted, type RunTasks } from '../api/tasks';
import { DagLink, dagAddress } from '../parts/dag';

const allKinds: Kind[] = [
  'run_cancel_requested', 'tasks_cleared', 'run_finished', 'task_expanded', 'task_queued', 'attempt_dispatched',
  'attempt_returned', 'attempt_started', 'attempt_state_saved', 'attempt_lost',
  'attempt_failed', 'task_held', 'task_resumed', 'task_deferred', 'child_run_ended', 'task_repeated', 'task_succeeded', 'task_failed', 'task_skipped', 'task_upstream_failed', 'task_cancelled',
];

/** After events of these kinds, the run or the list of its instances is requested again. */
const ofTheRun: Kind[] = ['run_cancel_requested', 'tasks_cleared', 'run_finished'];
const ofInstances: Kind[] = ['tasks_cleared', 'task_expanded'];
const brings = (event: StreamEvent, kind: string) => 'effects' in event && event.effects.some((effect) => effect.kind === kind);

function Facts({ run }: { run: Run }) {
  return (
    <dl class="facts">
      <dt>Logical date</dt>
      <dd>
        <LogicalDate at={run.logical_date} />
      </dd>
      <dt>Type</dt>
      <dd>{run.type}</dd>
      <dt>Created</dt>
      <dd>
        <When at={run.created_at} />
      </dd>
      <dt>Started</dt>
      <dd>{run.started_at ? <When at={run.started_at} /> : 'queued'}</dd>
      <dt>Duration</dt>
      <dd>{run.duration_s == null ? <Elapsed from={run.started_at ?? run.created_at} /> : duration(run.duration_s)}</dd>
      {run.parent ? (
        <>
          <dt>Started by</dt>
          <dd>
            task{' '}
            <Link to={`/runs/${run.parent.run}?task=${encodeURIComponent(run.parent.task)}${run.parent.map_index < 0 ? '' : `~${run.parent.map_index}`}`}>
              {run.parent.task}
            </Link>{' '}
            of <DagLink namespace={run.namespace} dag={run.parent.dag} />
          </dd>
        </>
      ) : (
        <>
          <dt>Requested by</dt>
          <dd>{requester(run.actor, run.on_behalf_of)}</dd>
        </>
      )}
      <dt>DAG version</dt>
      <dd>
        <Link to={dagAddress(run.namespace, run.dag, { version: run.version })}>
          <Digest value={run.version} />
        </Link>
      </dd>
      <dt>Trace</dt>
      <dd>
        <code class="clip">{run.trace_id}</code>
      </dd>
    </dl>
  );
}

/** A mapped task may leave thousands. */
const artifactsAtOnce = 100;

function Artifacts({ artifacts }: { artifacts: Artifact[] }) {
  const [shown, setShown] = useState(artifactsAtOnce);
  if (artifacts.length === 0) return null;
  return (
    <section>
      <h2>Artifacts</h2>
      <table class="list dense">
        <thead>
          <tr>
            <th>Name</th>
            <th>Kind</th>
            <th>Task</th>
            <th class="number">Rows</th>
            <th class="number">Size</th>
            <th>Digest</th>
          </tr>
        </thead>
        <tbody>
          {artifacts.slice(0, shown).map((artifact) => (
            <tr key={artifact.task + artifact.map_index + artifact.name + artifact.digest}>
              <td class="wide">
                <a href={`/api/v1/artifacts/${artifact.digest}/content`} download={artifact.name}>
                  {artifact.name}
                </a>
              </td>
              <td data-label="Kind">{artifact.kind}</td>
              <td data-label="Task">{artifact.task}</td>
              <td data-label="Rows" class="number">
                {artifact.rows < 0 ? '–' : number(artifact.rows)}
              </td>
              <td data-label="Size" class="number">
                {bytes(artifact.bytes)}
              </td>
              <td data-label="Digest">
                <Digest value={artifact.digest} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {artifacts.length > shown && (
        <div class="center">
          <button onClick={() => setShown(shown + artifactsAtOnce)}>Show more of {number(artifacts.length)} artifacts</button>
        </div>
      )}
    </section>
  );
}

/** The task that a reader most likely wants to see: one that waits for a person, the first that failed, or one that runs, or the last that ended. */
function interesting(groups: Counted[], tasks: RunTasks): { task: string; mapIndex: number } | undefined {
  const order: TaskState[] = ['held', 'failed', 'running', 'up_for_retry', 'deferred', 'cancelled', 'success'];
  const within = (some: Counted[]) => {
    const state = order.find((name) => some.some((group) => group.counts.has(name)));
    if (!state) return undefined;
    const same = some.filter((group) => group.counts.has(state));
    if (state === 'success') same.sort((a, b) => (a.ended_at ?? '').localeCompare(b.ended_at ?? ''));
    return { group: same.at(state === 'success' ? -1 : 0)!, state };
  };
  // A failure that does not fail the run is only of interest where nothing else failed.
  const found = within(groups.filter((group) => !(tolerates(group) && group.counts.has('failed')))) ?? within(groups);
  if (found) return { task: found.group.task, mapIndex: tasks.indices(found.group.task, found.state)[0] };
  const first = groups.at(0);
  return first && { task: first.task, mapIndex: tasks.indices(first.task)[0] };
}

const listed = (groups: Counted[]) =>
  groups.slice(0, 3).map((group, i) => (
    <>
      {i > 0 && ', '}
      <code>{group.task}</code>
    </>
  ));

/** Why the run has its status, in a sentence. */
function Verdict({ run, groups, tasks }: { run: Run; groups: Counted[]; tasks: RunTasks }) {
  const failed = groups.filter((group) => group.counts.has('failed') && !tolerates(group));
  const tolerated = groups.filter((group) => group.counts.has('failed') && group.continue_on_error);
  const leftOver = groups.filter((group) => group.counts.has('failed') && tolerates(group) && !group.continue_on_error);
  const rest = failed.length > 3 ? ` and ${failed.length - 3} more` : '';
  const error = failed.length === 1 && tasks.detail(failed[0].task, tasks.indices(failed[0].task, 'failed')[0])?.error;
  return (
    <>
      {run.error && (
        <p class="verdict">
          <strong class="bad">Failed:</strong> <span>{run.error}</span>
        </p>
      )}
      {failed.length > 0 && (
        <p class="verdict">
          <strong class={run.status === 'failed' ? 'bad' : 'warn'}>
            {run.status === 'failed' ? 'Failed: ' : ''}
            {listed(failed)}
            {rest} failed{isOpen(run) ? '; the run goes on' : run.status === 'success' ? ', and was handled' : ''}.
          </strong>{' '}
          {error && <span>{error.split('\n')[0]}</span>}
        </p>
      )}
      {tolerated.length > 0 && (
        <p class="verdict">
          {listed(tolerated)} failed, which counts as a success (<code>continue_on_error</code>).
        </p>
      )}
      {leftOver.length > 0 && (
        <p class="verdict">
          <strong class="warn">{listed(leftOver)} failed.</strong> A teardown does not fail the run; what its setup created may be left over.
        </p>
      )}
    </>
  );
}

const isId = (text: string) => /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i.test(text);

function NoSuchRun({ id }: { id: string }) {
  return (
    <Empty title="There is no such run.">
      {isId(id) ? 'The retention may have removed it' : `${id} is not the id of a run`}. <Link to="/runs">Go to the runs</Link>
    </Empty>
  );
}

/** A click on a node of a tall graph changes the panel below it: scrolls to it if it is not in sight. */
function showPanel(): void {
  requestAnimationFrame(() => {
    const panel = document.querySelector('.panel');
    const top = panel?.getBoundingClientRect().top ?? 0;
    const calm = matchMedia('(prefers-reduced-motion: reduce)').matches;
    if (top > window.innerHeight * 0.7 || top < 0) panel?.scrollIntoView({ behavior: calm ? 'auto' : 'smooth' });
  });
}

export function RunPage({ run: id }: { run: string }) {
  const run = useData(`run ${id}`, () => getRun(id));
  const tasks = useTasks(id);
  const artifacts = useData(`artifacts ${id}`, () => listArtifacts(id));
  const watermarks = useData(`watermarks ${id}`, () => listRunWatermarks(id));
  const [place, setPlace] = useQuery('task');
  const reload = () => {
    run.reload();
    tasks.reload();
    artifacts.reload();
    watermarks.reload();
  };
  const absent = !isId(id) || (!run.value && [400, 404].includes(run.error?.status ?? 0));
  useEvents(allKinds, id, (events) => {
    if (!events) return reload();
    tasks.take(events);
    if (run.value?.status === 'queued' || events.some((event) => ofTheRun.includes(event.kind))) run.reload();
    if (events.some((event) => ofInstances.includes(event.kind))) tasks.reload();
    if (events.some((event) => brings(event, 'publish_artifact'))) artifacts.reload();
    if (events.some((event) => brings(event, 'set_watermark'))) watermarks.reload();
  }, !absent);
  const groups = tasks.value?.counted() ?? [];
  const [taskId, index] = place.split('~');
  const named = groups.find((group) => group.task === taskId);
  const auto = tasks.value && !named ? interesting(groups, tasks.value) : undefined;
  const group = named ?? groups.find((one) => one.task === auto?.task);
  const ofGroup = group ? tasks.value!.indices(group.task) : [];
  const given = index ? Number(index) : -1;
  const failedFirst = () => tasks.value!.indices(group!.task, 'failed')[0] ?? ofGroup[0];
  const mapIndex = !group ? -1 : auto ? auto.mapIndex : given >= 0 && given < ofGroup.length && group.expanded ? given : failedFirst();
  const task = group && tasks.value!.detail(group.task, mapIndex);
  useEffect(() => {
    if (group && !task) void tasks.fetchOne(group.task, mapIndex).catch(() => undefined); // the page is reloaded by the next event
  }, [group?.task, mapIndex, !task]);
  if (absent) return <NoSuchRun id={id} />;
  if (!run.value || !tasks.value) return <Pending error={run.error ?? tasks.error} retry={reload} />;

  const choose = (name: string, instance = -1) => {
    setPlace(instance >= 0 ? `${name}~${instance}` : name);
    showPanel();
  };
  const dagName = fullName(run.value.namespace, run.value.dag);
  const running = isOpen(run.value);
  const held = groups.filter((one) => one.counts.has('held'));
  const heldCount = held.reduce((sum, one) => sum + one.counts.get('held')!, 0);
  return (
    <>
      <p class="crumbs">
        <Link to="/runs">Runs</Link> / <Link to={`/runs?dag=${encodeURIComponent(dagName)}`}>Runs of {dagName}</Link>
      </p>
      <div class="title">
        <h1>
          <DagLink namespace={run.value.namespace} dag={run.value.dag} /> {run.value.logical_date && <LogicalDate at={run.value.logical_date} />}
        </h1>
        <State value={run.value.status} />
        <span class="spring" />
        {running ? (
          <Action
            label="Cancel run"
            title="Cancel this run?"
            text="Running tasks are ended. Other tasks start only if their condition covers a cancelled run. Finished tasks keep their results."
            danger
            act={async (reason) => (await cancelRun(id, { reason }), reload())}
          />
        ) : (
          <Action
            label="Retry"
            title="Retry this run?"
            text="Tasks that failed, were cancelled or could not start run again. Tasks that succeeded keep their results."
            disabled={run.value.status === 'success'}
            act={async (reason) => (await retryRun(id, { reason }), reload())}
          />
        )}
      </div>
      {held.length > 0 && (
        <p class="verdict" role="status">
          The run waits for a decision about {heldCount === 1 ? 'a held task' : `${number(heldCount)} held tasks`}: {held.map((one) => one.task).join(', ')}.
        </p>
      )}
      {run.value.reason && !run.value.parent && <p class="reason">{run.value.reason}</p>}
      <Verdict run={run.value} groups={groups} tasks={tasks.value} />
      <Facts run={run.value} />
      <Graph label="Graph of the run's tasks" nodes={groups.map((one) => nodeOf(one, tasks.value!))} selected={group?.task} onSelect={choose} />
      {group && <Instances tasks={tasks} group={group} chosen={mapIndex} onChoose={(instance) => choose(group.task, instance)} />}
      {task && (
        <TaskPanel
          run={id}
          task={task}
          watermarks={(watermarks.value ?? []).filter((mark) => mark.task === task.task && mark.map_index === task.map_index)}
          finished={!running}
          onChange={reload}
        />
      )}
      <Gantt run={run.value} tasks={tasks.value} groups={groups} onSelect={choose} />
      <Artifacts artifacts={artifacts.value ?? []} />
      {!isEmpty(run.value.outputs) && (
        <section>
          <h2>Outputs</h2>
          <JsonBlock value={run.value.outputs} />
        </section>
      )}
      {!isEmpty(run.value.params) && (
        <section>
          <h2>Params</h2>
          <JsonBlock value={run.value.params} />
        </section>
      )}
      {!run.value.parent && !isEmpty(run.value.trigger) && (
        <section>
          <h2>Started by</h2>
          <JsonBlock value={run.value.trigger} />
        </section>
      )}
    </>
  );
}
