// One run: its graph with live states, timeline, and the chosen task.
import { cancelRun, getRun, listArtifacts, retryRun, type Artifact, type Run, type StreamEvent, type Task, type TaskState } from '../api/api.gen';
import { Elapsed, LogicalDate, When, bytes, duration, fullName, number, requester } from '../parts/format';
import { Gantt } from '../parts/gantt';
import { Graph, groupTasks } from '../parts/graph';
import { useData, useEvents, type Kind } from '../api/live';
import { Action, Digest, Empty, JsonBlock, Pending, State, isEmpty } from '../parts/basics';
import { Link, useQuery } from '../router';
import { TaskPanel } from '../parts/task';
import { useTasks } from '../api/tasks';

const allKinds: Kind[] = [
  'run_cancel_requested', 'tasks_cleared', 'run_finished', 'task_expanded', 'task_queued', 'attempt_dispatched',
  'attempt_returned', 'attempt_started', 'attempt_lost',
  'attempt_failed', 'task_held', 'task_resumed', 'task_deferred', 'task_succeeded', 'task_failed', 'task_skipped', 'task_upstream_failed', 'task_cancelled',
];

/** After events of these kinds, the run or the list of its instances is requested again. */
const ofTheRun: Kind[] = ['run_cancel_requested', 'tasks_cleared', 'run_finished'];
const ofInstances: Kind[] = ['tasks_cleared', 'task_expanded'];
const published = (event: StreamEvent) => 'effects' in event && event.effects.some((effect) => effect.kind === 'publish_artifact');

function Facts({ run }: { run: Run }) {
  return (
    <dl class="facts">
      <dt>Logical date</dt>
      <dd>
        <LogicalDate at={run.logical_date} />
      </dd>
      <dt>Type</dt>
      <dd>{run.type}</dd>
      <dt>Started</dt>
      <dd>
        <When at={run.created_at} />
      </dd>
      <dt>Duration</dt>
      <dd>{run.duration_s == null ? <Elapsed from={run.created_at} /> : duration(run.duration_s)}</dd>
      <dt>Requested by</dt>
      <dd>{requester(run.actor, run.on_behalf_of)}</dd>
      <dt>DAG version</dt>
      <dd>
        <Digest value={run.version} />
      </dd>
      <dt>Trace</dt>
      <dd>
        <code class="clip">{run.trace_id}</code>
      </dd>
    </dl>
  );
}

function Artifacts({ artifacts }: { artifacts: Artifact[] }) {
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
          {artifacts.map((artifact) => (
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
    </section>
  );
}

function Instances({ tasks, chosen, onChoose }: { tasks: Task[]; chosen: Task; onChoose: (task: Task) => void }) {
  if (tasks.length < 2) return null;
  return (
    <div class="segments wrap" role="group" aria-label="Instances">
      {tasks.map((task) => (
        <button key={task.map_index} aria-pressed={task === chosen} onClick={() => onChoose(task)}>
          <span class={`dot s-${task.state}`} aria-hidden="true" />
          {typeof task.item === 'string' ? task.item : `[${task.map_index}]`}
          <span class="sr"> {task.state}</span>
        </button>
      ))}
    </div>
  );
}

/** The task that a reader most likely wants to see: one that waits for a person, the first that failed, or one that runs, or the last that ended. */
function interesting(tasks: Task[]): Task | undefined {
  const order: TaskState[] = ['held', 'failed', 'running', 'up_for_retry', 'deferred', 'cancelled', 'success'];
  const state = order.find((name) => tasks.some((task) => task.state === name));
  if (!state) return tasks.at(0);
  const same = tasks.filter((task) => task.state === state).sort((a, b) => (a.ended_at ?? '').localeCompare(b.ended_at ?? ''));
  return same.at(state === 'success' ? -1 : 0);
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
  const [place, setPlace] = useQuery('task');
  const reload = () => {
    run.reload();
    tasks.reload();
    artifacts.reload();
  };
  const absent = !isId(id) || (!run.value && [400, 404].includes(run.error?.status ?? 0));
  useEvents(allKinds, id, (events) => {
    if (!events) return reload();
    tasks.take(events);
    if (events.some((event) => ofTheRun.includes(event.kind))) run.reload();
    if (events.some((event) => ofInstances.includes(event.kind))) tasks.reload();
    if (events.some(published)) artifacts.reload();
  }, !absent);
  if (absent) return <NoSuchRun id={id} />;
  if (!run.value || !tasks.value) return <Pending error={run.error ?? tasks.error} retry={reload} />;

  const [taskId, index] = place.split('~');
  const ofTask = tasks.value.filter((task) => task.task === taskId);
  const task = ofTask.find((entry) => String(entry.map_index) === index) ?? ofTask[0] ?? interesting(tasks.value);
  const siblings = tasks.value.filter((entry) => entry.task === task?.task);
  const choose = (name: string, mapIndex = -1) => {
    setPlace(mapIndex >= 0 ? `${name}~${mapIndex}` : name);
    showPanel();
  };
  const dagName = fullName(run.value.namespace, run.value.dag);
  const running = run.value.status === 'running';
  const held = tasks.value.filter((one) => one.state === 'held');
  return (
    <>
      <p class="crumbs">
        <Link to="/runs">Runs</Link> / <Link to={`/runs?dag=${encodeURIComponent(dagName)}`}>{dagName}</Link>
      </p>
      <div class="title">
        <h1>
          {dagName} {run.value.logical_date && <LogicalDate at={run.value.logical_date} />}
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
        <p class="note" role="status">
          The run waits for a decision about {held.length === 1 ? 'a held task' : `${held.length} held tasks`}: {[...new Set(held.map((one) => one.task))].join(', ')}.
        </p>
      )}
      {run.value.reason && <p class="reason">{run.value.reason}</p>}
      <Facts run={run.value} />
      <Graph groups={groupTasks(tasks.value)} selected={task?.task} onSelect={choose} />
      {task && (
        <>
          <Instances tasks={siblings} chosen={task} onChoose={(one) => choose(one.task, one.map_index)} />
          <TaskPanel run={id} task={task} finished={!running} onChange={reload} />
        </>
      )}
      <Gantt run={run.value} tasks={tasks.value} onSelect={choose} />
      <Artifacts artifacts={artifacts.value ?? []} />
      {!isEmpty(run.value.params) && (
        <section>
          <h2>Params</h2>
          <JsonBlock value={run.value.params} />
        </section>
      )}
      {!isEmpty(run.value.trigger) && (
        <section>
          <h2>Started by</h2>
          <JsonBlock value={run.value.trigger} />
        </section>
      )}
    </>
  );
}
