// Details of one task instance: attempts, error, outputs, log.
import { useEffect, useState } from 'preact/hooks';
import { failHeldTask, listAttempts, resumeTask, retryRun, type Attempt, type Task, type Watermark } from '../api/api.gen';
import { Elapsed, When, duration } from './format';
import { useData } from '../api/live';
import { Link } from '../router';
import { DatasetLink } from './dag';
import { Log } from './log';
import { Action, JsonBlock, State, isEmpty } from './basics';
import { tolerates } from './states';

function Attempts({ attempts, shownError, chosen, onChoose }: { attempts: Attempt[]; shownError: string; chosen: number; onChoose: (attempt: number) => void }) {
  return (
    <table class="list dense">
      <thead>
        <tr>
          <th>Attempt</th>
          <th>Outcome</th>
          <th>Started</th>
          <th class="number">Duration</th>
        </tr>
      </thead>
      <tbody>
        {attempts.map((attempt) => (
          <tr key={attempt.attempt} class={attempt.attempt === chosen ? 'chosen' : ''}>
            <td class="wide">
              <button class="link" aria-pressed={attempt.attempt === chosen} onClick={() => onChoose(attempt.attempt)}>
                #{attempt.attempt}
              </button>
            </td>
            <td>
              <State value={attempt.outcome === 'retry' ? 'failed' : attempt.outcome === 'repeat' ? 'success' : attempt.outcome} />
              {attempt.error && attempt.error !== shownError && <span class="note">{attempt.error}</span>}
            </td>
            <td data-label="Started">
              <When at={attempt.started_at} />
            </td>
            <td data-label="Duration" class="number">
              {attempt.duration_s == null ? <Elapsed from={attempt.started_at} /> : duration(attempt.duration_s)}
            </td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}

/** What it waits for, since when, and when it looks next. */
function Wait({ task }: { task: Task }) {
  const next = task.state === 'deferred' ? (task.waiting_for ? 'Next look ' : 'Waits without holding a slot until ') : 'Next attempt ';
  if (!task.waiting_for && !task.wake_at) return null;
  return (
    <p>
      {task.waiting_for && (
        <>
          Waits for {task.waiting_for} since <When at={task.waiting_since} />, without a slot.{' '}
        </>
      )}
      {task.wake_at && (
        <>
          {next}
          <When at={task.wake_at} relative />
          {task.wake_event && (
            <>
              {' '}or at the event <code>{task.wake_event}</code>
            </>
          )}
          .
        </>
      )}
    </p>
  );
}

type TaskPanelProps = { run: string; task: Task; watermarks: Watermark[]; finished: boolean; onChange: () => void };

export function TaskPanel({ run, task, watermarks, finished, onChange }: TaskPanelProps) {
  const key = `${task.task}|${task.map_index}|${task.state}|${task.attempt}|${task.since}`;
  const attempts = useData(key, () => listAttempts(run, task.task, { map_index: task.map_index }));
  const [chosen, setChosen] = useState<number>();
  useEffect(() => setChosen(undefined), [task.task, task.map_index]);
  const attempt = chosen ?? task.attempt;
  const mapIndex = task.map_index >= 0 ? task.map_index : undefined;
  const label = task.map_index >= 0 ? `${task.task} [${task.map_index}]` : task.task;
  return (
    <section class="panel" aria-label={`Task ${label}`}>
      <div class="panel-head">
        <h2>{label}</h2>
        <State value={task.state} />
        <code>{task.operator}</code>
        {task.item != null && <span class="faint">item {JSON.stringify(task.item)}</span>}
        <span class="spring" />
        {task.state === 'held' && (
          <>
            <Action
              label="Resume"
              title={`Resume ${label}?`}
              text="The task starts again, with all of its retries."
              act={async (reason) => {
                await resumeTask(run, task.task, { map_index: mapIndex, reason });
                onChange();
              }}
            />
            <Action
              label="Fail"
              title={`Let ${label} fail?`}
              text="The task ends as failed. Tasks downstream follow their trigger rules."
              danger
              act={async (reason) => {
                await failHeldTask(run, task.task, { map_index: mapIndex, reason });
                onChange();
              }}
            />
          </>
        )}
        {finished && (
          <Action
            label="Run again"
            title={`Run ${task.task} again?`}
            text={`${task.task} and all tasks downstream of it run again.`}
            act={async (reason) => {
              await retryRun(run, { tasks: [task.task], reason });
              onChange();
            }}
          />
        )}
      </div>
      {task.error && <pre class={tolerates(task) ? 'error-text tolerated' : 'error-text'}>{task.error}</pre>}
      {task.state === 'failed' && task.continue_on_error && (
        <p class="note">
          <code>continue_on_error</code> is set: this failure counts as a success, for the tasks downstream and for the run.
        </p>
      )}
      {task.teardown_of.length > 0 && <p class="note">Teardown of {task.teardown_of.join(', ')}{task.fail_run ? ': its failure fails the run.' : ': its failure does not fail the run.'}</p>}
      {task.iteration > 0 && <p class="note">{finished ? `Ended with iteration ${task.iteration}.` : `Iteration ${task.iteration}.`} Each attempt that succeeds ends an iteration.</p>}
      {task.state === 'held' && <p>No retry is left. The task is held until a person resumes it or lets it fail.</p>}
      {!isEmpty(task.params) && (
        <details>
          <summary>Changed params</summary>
          <JsonBlock value={task.params} />
        </details>
      )}
      {task.reason && <p class="note">{task.reason}</p>}
      <Wait task={task} />
      {task.child && (
        <p>
          {task.state === 'deferred' && !task.wake_at && !task.waiting_for ? 'Waits for run ' : 'Started run '}
          <Link to={`/runs/${task.child}`}>
            <code>{task.child}</code>
          </Link>
          .
        </p>
      )}
      {attempts.value && attempts.value.length > 0 && <Attempts attempts={attempts.value} shownError={task.error ?? ''} chosen={attempt} onChoose={setChosen} />}
      {task.attempt === 0 ? <p class="faint">The task has not started.</p> : <Log run={run} task={task.task} mapIndex={task.map_index} attempt={attempt} />}
      {watermarks.map((mark) => (
        <p key={mark.seq + mark.dataset}>
          Set the watermark of <DatasetLink namespace={mark.namespace} dataset={mark.dataset} /> to <code>{String(mark.value)}</code>.
        </p>
      ))}
      {!isEmpty(task.outputs) && (
        <details open={JSON.stringify(task.outputs).length < 600}>
          <summary>Outputs</summary>
          <JsonBlock value={task.outputs} />
        </details>
      )}
      {task.saved_state && (
        <details open={task.saved_state.length < 600}>
          <summary>State for the next attempt</summary>
          <pre class="json">{task.saved_state}</pre>
        </details>
      )}
      {!isEmpty(task.checkpoint) && (
        <details>
          <summary>Checkpoint</summary>
          <JsonBlock value={task.checkpoint} />
        </details>
      )}
    </section>
  );
}
