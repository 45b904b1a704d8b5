// Generated from the endpoint declarations in engine/api; './run golden' rewrites it. Do not edit.
import { request } from './http';

export type DagState = 'active' | 'paused' | 'retired' | 'out_of_order';

/** A param that a run takes. */
export interface DagParam {
  /** Its name */
  name: string;
  /** JSON Schema of its value */
  schema: Record<string, unknown>;
}

export type RunType = 'manual' | 'scheduled' | 'backfill' | 'dataset' | 'event' | 'child';

export type RunStatus = 'queued' | 'running' | 'success' | 'failed' | 'cancelled';

/** The task that started a run. */
export interface ParentTask {
  /** The run that it belongs to */
  run: string;
  /** The DAG of that run */
  dag: string;
  /** Its id in the DAG */
  task: string;
  /** Its item; -1: it is not mapped */
  map_index: number;
  /** Place in the chain of runs that start one another; 1: a person, a schedule or an event started the first */
  depth: number;
}

/** One execution of a DAG version. */
export interface Run {
  /** Its id; ids sort by creation time */
  run: string;
  /** The DAG's id */
  dag: string;
  /** The namespace of the DAG */
  namespace: string;
  /** Digest of the DAG version it executes */
  version: string;
  /** What started it */
  type: RunType;
  /** queued while it waits for max_active_runs; then running until all its tasks have ended */
  status: RunStatus;
  /** The date it stands for; null for a manual run without one */
  logical_date: string | null;
  /** Start of its data interval, inclusive */
  interval_start: string | null;
  /** End of its data interval, exclusive */
  interval_end: string | null;
  /** Its params, defaults filled in */
  params: unknown;
  /** The event, dataset or task that started it, or null */
  trigger: unknown;
  /** The task that started it, of a run of type child; null otherwise */
  parent: ParentTask | null;
  /** W3C trace id that its tasks and logs carry */
  trace_id: string;
  /** Who asked for it: a part of the engine, or `local` until access control is on */
  actor: string;
  /** For whom, as the client says; nothing checks it */
  on_behalf_of: string;
  /** Why, as they said */
  reason: string;
  /** When it was created: a run that has to wait is queued from then on */
  created_at: string;
  /** When its first task could start; null while it is queued */
  started_at: string | null;
  /** When its last task ended; null while it runs */
  finished_at: string | null;
  /** Values of its DAG's outputs, if it succeeded; null: the DAG has none */
  outputs: unknown;
  /** Why it failed although its tasks did not; "" otherwise */
  error: string;
  /** The backfill to which it belongs; null: none */
  backfill: string | null;
  /** Seconds from started_at to finished_at; null while it is open */
  duration_s: number | null;
}

/** A DAG in its current version. */
export interface Dag {
  /** Its id */
  dag: string;
  /** Its namespace */
  namespace: string;
  /** What it is for */
  doc: string;
  /** Who answers for it */
  owner: string;
  /** Free labels */
  tags: string[];
  /** Digest of its canonical form */
  version: string;
  /** The file it was read from */
  source: string;
  /** True: nothing starts it by itself */
  paused: boolean;
  /** active, paused, retired (no file declares it) or out_of_order (this program cannot compile it): a retired or broken one is refused by triggers as well */
  state: DagState;
  /** Why it is retired or out of order; "" otherwise */
  state_reason: string;
  /** Its cron expression or interval, several separated by "; "; null without a schedule */
  cron: string | null;
  /** IANA zone of the cron expression */
  time_zone: string | null;
  /** True: missed dates still run */
  catchup: boolean;
  /** The next firing of the schedule (in the past: due as soon as a slot is free); null if none */
  next_run_at: string | null;
  /** Logical date of its last scheduled run */
  last_logical_date: string | null;
  /** Datasets whose update starts it */
  datasets: string[];
  /** The CloudEvent that starts it, or null */
  on_event: unknown;
  /** The webhook that starts it, without its secret, or null */
  on_webhook: unknown;
  /** Its params */
  params: DagParam[];
  /** How many tasks it has */
  task_count: number;
  /** First seen */
  registered_at: string;
  /** This version took effect */
  updated_at: string;
  /** Its newest runs, newest first; as many as ?recent= asked for */
  recent_runs: Run[];
}

export type TriggerRule = 'all_success' | 'all_failed' | 'all_done' | 'all_done_min_one_success' | 'one_success' | 'one_failed' | 'one_done' | 'none_failed' | 'none_failed_min_one_success' | 'none_skipped' | 'all_skipped' | 'always';

/** A task as its author wrote it, defaults applied. */
export interface DagTask {
  /** Its id in the DAG */
  task: string;
  /** What carries it out */
  operator: string;
  /** Tasks upstream */
  needs: string[];
  /** Its parameters, expressions unevaluated */
  with: unknown;
  /** Its `if`; "" without one */
  condition: string;
  /** When it may start, by the ends of its upstream */
  trigger_rule: TriggerRule;
  /** When it may start, as an expression over other tasks; "": its trigger_rule says it */
  depends: string;
  /** True: its failure counts as a success, downstream and for the run */
  continue_on_error: boolean;
  /** The setups that it cleans up after; none: it is no teardown */
  teardown_of: string[];
  /** If it is a teardown: its failure fails the run */
  fail_run: boolean;
  /** The executor that it names; "": the one of its operator */
  executor: string;
  /** True: one instance for each item of its foreach */
  mapped: boolean;
  /** If it is mapped: instances that may be under way at a time in a run; 0: no limit */
  max_active: number;
  /** The condition that ends its iterations; "": it runs once */
  repeat_until: string;
  /** Its most iterations; 0: it runs once */
  repeat_max: number;
  /** Retries after the first attempt */
  retries: number;
  /** Deadline of one attempt in seconds */
  timeout_s: number | null;
  /** What it is for */
  doc: string;
}

/** `to` needs `from`. */
export interface Edge {
  /** Task upstream */
  from: string;
  /** Task downstream */
  to: string;
}

/** A DAG with its graph. */
export interface DagDetail {
  /** The DAG */
  dag: Dag;
  /** Its tasks, in the order of the file */
  tasks: DagTask[];
  /** Its edges */
  edges: Edge[];
}

/** The result of a command. */
export interface CommandResult {
  /** Its id in the inbox */
  command: string;
  /** False: accepted and durable, the engine has not answered yet */
  handled: boolean;
  /** The engine's answer */
  result: unknown;
}

export type ClockChange = 'none' | 'ahead' | 'first' | 'second';

/** A time at which a schedule fires. */
export interface ComingFire {
  /** When it fires, and the logical date of its run; in the past: missed, and to be made up */
  at: string;
  /** The same on the wall clock of the schedule's zone */
  local: string;
  /** ahead: its local time does not exist, and it fires as the clock jumps; first, second: its local time comes twice, and this is the first or the second; otherwise none */
  clock_change: ClockChange;
}

/** When the schedule of a DAG fires next. */
export interface ComingFires {
  /** The DAG's id */
  dag: string;
  /** Its cron expression or interval, several separated by "; "; null without a schedule */
  cron: string | null;
  /** IANA zone of the cron expression */
  time_zone: string | null;
  /** Why nothing fires until that changes: the DAG is paused, retired or out of order; "" otherwise */
  held: string;
  /** The next ones, earliest first; fewer than asked for where the schedule ends */
  fires: ComingFire[];
}

export type Severity = 'error' | 'warning';

/** A problem of a file that a person wrote. */
export interface Diagnostic {
  /** The file */
  file: string;
  /** From 1; 0: the file as a whole */
  line: number;
  /** From 1, in bytes */
  column: number;
  /** A file with an error is not loaded */
  severity: Severity;
  /** What is wrong, with the value */
  message: string;
  /** What would be right; "": not known */
  hint: string;
  /** Stable name of the kind of problem */
  code: string;
  /** The line when the file was read */
  source: string;
  /** The line as it is now; null: there is none */
  text: string | null;
}

/** A DAG file that cannot be loaded; its last good version stays in force. */
export interface DagFileError {
  /** The file */
  source: string;
  /** What is wrong, each with its place in the file */
  diagnostics: Diagnostic[];
  /** When it was found */
  at: string;
}

/** A run as one column of a grid. */
export interface GridRun {
  /** The run */
  run: Run;
  /** For each of the grid's tasks the place of its state in `states`; of a mapped task the state that needs attention most; -1: the run has no such task */
  cells: number[];
  /** Places of the tasks with an instance that needed more than one attempt */
  retried: number[];
}

/** The newest runs of a DAG, task by task. */
export interface DagGrid {
  /** The names of the states */
  states: string[];
  /** The tasks of the current version, upstream first, then those of older versions only */
  tasks: string[];
  /** Newest first */
  runs: GridRun[];
  /** Pass as ?before= for older runs; null if there are none */
  next: string | null;
}

/** A task of a run with all of its instances. */
export interface TaskGroup {
  /** The task's id */
  task: string;
  /** Its place in the DAG, from 0 */
  index: number;
  /** What carries it out */
  operator: string;
  /** Tasks upstream */
  needs: string[];
  /** True: one instance for each item of its foreach */
  mapped: boolean;
  /** If it is mapped: instances that may be under way at a time; 0: no limit */
  max_active: number;
  /** True: it is mapped, and its instances are known */
  expanded: boolean;
  /** True: its failure counts as a success, downstream and for the run */
  continue_on_error: boolean;
  /** The setups that it cleans up after; none: it is no teardown */
  teardown_of: string[];
  /** If it is a teardown: its failure fails the run */
  fail_run: boolean;
  /** The state of each instance by map index: its place in `states` of the answer */
  states: number[];
  /** The largest number of attempts of an instance */
  attempts: number;
  /** Start of the first attempt of all */
  started_at: string | null;
  /** When the last instance ended */
  ended_at: string | null;
}

/** The tasks of a run. A run with 1,000,000 instances fits in one answer. */
export interface TaskGroups {
  /** The journal's events up to this one are part of the answer */
  seq: number;
  /** The names of the states */
  states: string[];
  /** The tasks, upstream first */
  groups: TaskGroup[];
}

/** What a file declares: a DAG, or another kind. */
export interface Resource {
  /** Its kind: the key of its file, e.g. dag */
  kind: string;
  /** Where its name belongs */
  namespace: string;
  /** Its name */
  name: string;
  /** Digest of the current version */
  version: string;
  /** Path of the file */
  source: string;
  /** Why it is not in force; "": it is */
  retired: string;
  /** When its first version came */
  registered_at: string;
  /** When it last changed */
  updated_at: string;
}

/** A version of a resource. */
export interface ResourceVersion {
  /** Its digest */
  version: string;
  /** When it was first registered; null: not known */
  registered_at: string | null;
}

/** How far a data set had been read or written. */
export interface Watermark {
  /** The namespace of the dataset */
  namespace: string;
  /** The dataset's name */
  dataset: string;
  /** Of the journal event that set it */
  seq: number;
  /** A text or a number */
  value: unknown;
  /** The run that set it */
  run: string;
  /** The task that set it */
  task: string;
  /** And its map index */
  map_index: number;
  /** When */
  at: string;
}

/** A dataset: its newest content, how far it has been read, and which DAGs it starts. */
export interface Dataset {
  /** Its name */
  dataset: string;
  /** Its namespace */
  namespace: string;
  /** Digest of its newest content; "": no task has updated it */
  artifact: string;
  /** Rows of it; -1: not known */
  rows: number;
  /** When it was last updated; null: never */
  updated_at: string | null;
  /** The run that updated it, or that set its watermark if none did; null: none */
  run: string | null;
  /** The task of that run; "": not known */
  task: string;
  /** The DAG of that run; "": not known */
  dag: string;
  /** How far it has been read or written, or null */
  watermark: Watermark | null;
  /** The DAGs of its namespace that its update starts, by id */
  starts: string[];
}

/** A page of runs, newest first. */
export interface RunPage {
  /** The runs */
  runs: Run[];
  /** Pass as ?before= for the next page; null on the last */
  next: string | null;
}

/** The result of a trigger. */
export interface TriggerResult {
  /** The run */
  run: string;
  /** False: an earlier request with this Idempotency-Key made it */
  created: boolean;
  /** False: accepted and durable, the engine has not answered yet */
  handled: boolean;
  /** The run's status after ?wait=; null if not waited for */
  status: RunStatus | null;
  /** Values of the DAG's outputs, if the run has succeeded within ?wait= */
  outputs: unknown;
  /** Why it failed although its tasks did not; "" otherwise */
  error: string;
}

/** Data that a task left, named by its content. */
export interface Artifact {
  /** SHA-256 of the content */
  digest: string;
  /** table, model, report or file */
  kind: string;
  /** For people */
  name: string;
  /** Size */
  bytes: number;
  /** Rows of a table; -1 otherwise */
  rows: number;
  /** Columns of a table */
  schema: unknown;
  /** Digests it was made from */
  inputs: string[];
  /** The run that made it */
  run: string;
  /** The task that made it */
  task: string;
  /** And its map index */
  map_index: number;
  /** When it became visible */
  created_at: string;
}

export type BackfillState = 'running' | 'paused' | 'cancelling' | 'completed' | 'cancelled';

export type BackfillOrder = 'oldest_first' | 'newest_first';

export type Reprocess = 'missing' | 'failed' | 'all';

/** Runs of a DAG for many logical dates. */
export interface Backfill {
  /** Its id; ids sort by creation time */
  backfill: string;
  /** The DAG's id */
  dag: string;
  /** The namespace of the DAG */
  namespace: string;
  /** running, paused (its open runs go on), cancelling, completed (each date has a run that has ended, however it ended) or cancelled */
  state: BackfillState;
  /** Which dates come first */
  order: BackfillOrder;
  /** No run is created while this many of its runs are open */
  max_active_runs: number;
  /** Which dates it runs: missing (those without a run), failed (also those whose newest run failed or was cancelled) or all */
  reprocess: Reprocess;
  /** Values for the DAG's params, as given */
  params: unknown;
  /** The earliest of its dates */
  first_date: string;
  /** The latest of its dates */
  last_date: string;
  /** How many dates it runs */
  dates: number;
  /** Dates of the request that get no run */
  skipped: number;
  /** Dates without a run so far */
  waiting: number;
  /** Dates whose run is open */
  running: number;
  /** Dates whose run succeeded */
  success: number;
  /** Dates whose run failed */
  failed: number;
  /** Dates whose run was cancelled, or which got none because the backfill was cancelled */
  cancelled: number;
  /** Who asked for it */
  actor: string;
  /** For whom, as the client says; nothing checks it */
  on_behalf_of: string;
  /** Why, as they said */
  reason: string;
  /** Why it is paused; "": no reason was given, or it is not paused */
  pause_reason: string;
  /** When it was created */
  created_at: string;
  /** When its last run ended; null while it is open */
  ended_at: string | null;
}

/** A page of backfills, newest first. */
export interface BackfillPage {
  /** The backfills */
  backfills: Backfill[];
  /** Pass as ?before= for the next page; null on the last */
  next: string | null;
}

export type DateAction = 'run' | 'skip';

/** What a backfill does with a logical date. */
export interface PlannedDate {
  /** The date */
  logical_date: string;
  /** run or skip */
  action: DateAction;
  /** Why */
  reason: string;
}

/** A backfill that was created, or its plan. */
export interface BackfillResult {
  /** The backfill; null for a dry run */
  backfill: string | null;
  /** False: a dry run, or an earlier request with this Idempotency-Key made it */
  created: boolean;
  /** False: accepted and durable, the engine has not answered yet */
  handled: boolean;
  /** Dates that get a run; null if the engine has not answered */
  dates: number | null;
  /** Dates of the request that get no run; null if the engine has not answered */
  skipped: number | null;
  /** What is done with each date, in the order of the runs; null unless it is a dry run */
  plan: PlannedDate[] | null;
}

export type DateState = 'waiting' | 'running' | 'success' | 'failed' | 'cancelled';

/** A logical date of a backfill. */
export interface BackfillDate {
  /** Its place in the order of the runs, from 0 */
  position: number;
  /** The date */
  logical_date: string;
  /** waiting: its run is not created yet; otherwise how its run stands */
  state: DateState;
  /** Its run; null: none was created */
  run: string | null;
}

/** A backfill with a page of its dates. */
export interface BackfillDetail {
  /** The backfill, with counts of its dates */
  backfill: Backfill;
  /** Its dates, in the order of their runs */
  dates: BackfillDate[];
  /** Pass as ?from= for the next dates; null after the last */
  next: number | null;
}

export type TaskState = 'pending' | 'queued' | 'running' | 'deferred' | 'up_for_retry' | 'held' | 'success' | 'failed' | 'skipped' | 'upstream_failed' | 'cancelled';

/** A task instance of a run, as it is now. */
export interface Task {
  /** The task's id */
  task: string;
  /** Its place in the DAG, from 0 */
  index: number;
  /** Its place among the instances of a mapped task; -1: not mapped */
  map_index: number;
  /** What carries it out */
  operator: string;
  /** Tasks upstream */
  needs: string[];
  /** Its state */
  state: TaskState;
  /** Number of the current or last attempt; 0 before the first */
  attempt: number;
  /** Attempts that failed */
  failures: number;
  /** Number of the current, next or last iteration of a task with `repeat`; 0 for others */
  iteration: number;
  /** When it entered this state */
  since: string;
  /** Start of its first attempt */
  started_at: string | null;
  /** When it ended */
  ended_at: string | null;
  /** Seconds from started_at to ended_at */
  duration_s: number | null;
  /** When a deferred or retrying task goes on */
  wake_at: string | null;
  /** The event that a deferred task waits for; "" if none */
  wake_event: string;
  /** What it waits for, in words, between looks and during a look; "": nothing, or not known */
  waiting_for: string;
  /** Since when it waits for that */
  waiting_since: string | null;
  /** Of the last failure */
  error: string;
  /** Why it was skipped */
  reason: string;
  /** True: its failure counts as a success, downstream and for the run */
  continue_on_error: boolean;
  /** The setups that it cleans up after; none: it is no teardown */
  teardown_of: string[];
  /** If it is a teardown: its failure fails the run */
  fail_run: boolean;
  /** The item that a mapped instance works on */
  item: unknown;
  /** What it gave to tasks downstream */
  outputs: unknown;
  /** What a deferred task remembers */
  checkpoint: unknown;
  /** The text that its attempts have saved for the next one; "": none */
  saved_state: string;
  /** The run that it started last; a deferred task without wake_at waits for its end */
  child: string | null;
  /** Params that were changed for it when it was resumed; null: none */
  params: unknown;
}

export type AttemptOutcome = 'running' | 'success' | 'failed' | 'retry' | 'deferred' | 'skipped' | 'cancelled' | 'lost' | 'repeat';

/** One try of a task instance. */
export interface Attempt {
  /** Its number, from 1 */
  attempt: number;
  /** Epoch of the engine that started it */
  epoch: number;
  /** Its start */
  started_at: string;
  /** Its end; null while it runs */
  ended_at: string | null;
  /** Seconds from started_at to ended_at */
  duration_s: number | null;
  /** How it ended; `retry`: it failed and another follows, `repeat`: it succeeded and another iteration follows, `lost`: its engine is gone */
  outcome: AttemptOutcome;
  /** What went wrong */
  error: string;
}

/** A trained model. */
export interface ModelVersion {
  /** The model's name */
  model: string;
  /** The namespace of the model */
  namespace: string;
  /** From 1, without gaps */
  version: number;
  /** Digest of the serialised model */
  artifact: string;
  /** How it was trained */
  algorithm: string;
  /** Digest of what makes the training repeatable */
  manifest: string;
  /** Its metrics at training */
  metrics: unknown;
  /** Its hyperparameters */
  params: unknown;
  /** The run that trained it */
  run: string;
  /** The task that trained it */
  task: string;
  /** And its map index */
  map_index: number;
  /** When it was registered */
  created_at: string;
  /** Why it is not deployed until a person releases it; "": it may be */
  not_shipped: string;
}

/** Champion against challenger on one holdout. */
export interface Evaluation {
  /** The model's name */
  model: string;
  /** The namespace of the model */
  namespace: string;
  /** Artifact of the champion; "" before the first */
  champion: string;
  /** Artifact of the challenger */
  challenger: string;
  /** promote or refuse */
  decision: string;
  /** Metrics, intervals, p-values, gates and reasons */
  report: unknown;
  /** The run that judged */
  run: string;
  /** The task that judged */
  task: string;
  /** And its map index */
  map_index: number;
  /** When */
  at: string;
}

/** A model with what serves it and its last verdict. */
export interface Model {
  /** Its name */
  model: string;
  /** Its namespace */
  namespace: string;
  /** How many versions there are */
  versions: number;
  /** The version that serves; null before the first promotion */
  champion: ModelVersion | null;
  /** The version under canary, or null */
  candidate: ModelVersion | null;
  /** What a rollback goes back to, or null */
  last_good: ModelVersion | null;
  /** Percent of traffic that the candidate gets */
  weight: number | null;
  /** Of its deployment; 0 before the first */
  revision: number;
  /** When its deployment last changed */
  updated_at: string | null;
  /** The newest evaluation, or null */
  evaluation: Evaluation | null;
}

/** What the model server measured of one version. */
export interface ServingStats {
  /** The version */
  artifact: string;
  /** champion, baseline or candidate */
  role: string;
  /** Requests answered */
  requests: number;
  /** Of these, failed */
  errors: number;
  /** errors / requests */
  error_rate: number | null;
  /** Mean time to answer */
  latency_ms_mean: number | null;
  /** Upper bound of the bucket that holds the median */
  latency_ms_p50: number | null;
  /** Upper bound of the bucket that holds the 95 % quantile */
  latency_ms_p95: number | null;
  /** Upper bound of the bucket that holds the 99 % quantile */
  latency_ms_p99: number | null;
  /** Predictions whose true outcome is known */
  outcomes: number;
  /** Mean of the business metric over them */
  business_mean: number | null;
  /** True: the circuit breaker opened */
  tripped: boolean;
}

/** What serves a model now. */
export interface Deployment {
  /** The model's name */
  model: string;
  /** The namespace of the model */
  namespace: string;
  /** Artifact that serves; "" before the first promotion */
  champion: string;
  /** Artifact of the canary; "" when none is under way */
  candidate: string;
  /** Percent of traffic that the candidate gets */
  weight: number | null;
  /** The champion before this one; "" if none */
  last_good: string;
  /** Grows with each change */
  revision: number;
  /** When it last changed */
  updated_at: string;
  /** The champion's number when it was deployed; 0: none */
  champion_version: number;
  /** The candidate's number when it was deployed; 0: none */
  candidate_version: number;
  /** The last good one's number when it was deployed; 0: none */
  last_good_version: number;
}

/** One change of what serves a model. */
export interface DeploymentEvent {
  /** The model's name */
  model: string;
  /** The namespace of the model */
  namespace: string;
  /** The deployment's revision after it */
  revision: number;
  /** canary, promote, rollback or release */
  action: string;
  /** The version it is about */
  artifact: string;
  /** Its number at that time; 0: it has none */
  version: number;
  /** Percent of traffic of the candidate after it */
  weight: number | null;
  /** Why */
  reason: string;
  /** The measurements behind it */
  evidence: unknown;
  /** The run that decided; all zero: asked for from outside */
  run: string;
  /** Who asked: a part of the engine, or `local` until access control is on */
  actor: string;
  /** For whom, as the client says; nothing checks it */
  on_behalf_of: string;
  /** When */
  at: string;
}

/** A message to the people in charge. */
export interface Alert {
  /** Of the journal event that raised it */
  seq: number;
  /** The namespace that it is about */
  namespace: string;
  /** info, warning or error */
  severity: string;
  /** In a few words */
  title: string;
  /** In full */
  text: string;
  /** Who should know */
  owner: string;
  /** The run it came from; all zero: none */
  run: string;
  /** The task it came from */
  task: string;
  /** When */
  at: string;
}

/** Who asked, and why. */
export interface Origin {
  /** A user, or a part of the engine */
  who: string;
  /** Id of the token that proved it; "": none */
  token: string;
  /** The roles that it had */
  roles: string[];
  /** As they said */
  reason: string;
  /** For whom, as the client says; nothing checks it */
  on_behalf_of: string;
}

/** A version of a DAG became the current one. The first fixes where its schedule starts. */
export interface DagRegistered {
  /** Which kind it is */
  kind: 'dag_registered';
  /** Its place in the journal; the id of the server-sent event */
  seq: number;
  /** When it was decided */
  at: string;
  /** The namespace of the DAG */
  namespace: string;
  /** The DAG's id */
  dag: string;
  /** Digest of the canonical form */
  version: string;
  /** Path of the file, for people */
  source: string;
  /** Who asked, and why */
  origin: Origin;
}

/** A DAG file could not be loaded; without diagnostics it is gone or good again. */
export interface DagFileChecked {
  /** Which kind it is */
  kind: 'dag_file_checked';
  /** Its place in the journal; the id of the server-sent event */
  seq: number;
  /** When it was decided */
  at: string;
  /** Path of the file */
  source: string;
  /** What is wrong, with places */
  diagnostics: unknown;
}

/** A DAG was paused or unpaused. */
export interface DagPaused {
  /** Which kind it is */
  kind: 'dag_paused';
  /** Its place in the journal; the id of the server-sent event */
  seq: number;
  /** When it was decided */
  at: string;
  /** The namespace of the DAG */
  namespace: string;
  /** The DAG's id */
  dag: string;
  /** False: it was unpaused */
  paused: boolean;
  /** Who asked, and why */
  origin: Origin;
}

/** A run began. */
export interface RunCreated {
  /** Which kind it is */
  kind: 'run_created';
  /** Its place in the journal; the id of the server-sent event */
  seq: number;
  /** When it was decided */
  at: string;
  /** The run */
  run: string;
  /** The namespace of the DAG */
  namespace: string;
  /** The DAG's id */
  dag: string;
  /** Digest of the DAG version */
  version: string;
  /** What started it */
  type: RunType;
  /** The date it stands for */
  logical_date: string | null;
  /** Start of its data, inclusive */
  interval_start: string | null;
  /** End of its data, exclusive */
  interval_end: string | null;
  /** Defaults filled in */
  params: unknown;
  /** The event, dataset or task that started it */
  trigger: unknown;
  /** W3C trace id */
  trace_id: string;
  /** Who asked, and why */
  origin: Origin;
  /** The backfill to which it belongs */
  backfill: string | null;
}

/** A run is to end early. */
export interface RunCancelRequested {
  /** Which kind it is */
  kind: 'run_cancel_requested';
  /** Its place in the journal; the id of the server-sent event */
  seq: number;
  /** When it was decided */
  at: string;
  /** The run */
  run: string;
  /** The namespace of the DAG */
  namespace: string;
  /** The DAG's id */
  dag: string;
  /** Who asked, and why */
  origin: Origin;
  /** Everything ends at once */
  force: boolean;
}

/** A task instance of a run. */
export interface TaskInstance {
  /** The task's id; "" if the run is forgotten */
  task: string;
  /** Its place among the instances of a mapped task; -1: not mapped */
  map_index: number;
}

/** The instances start again as pending, and the run is open again. */
export interface TasksCleared {
  /** Which kind it is */
  kind: 'tasks_cleared';
  /** Its place in the journal; the id of the server-sent event */
  seq: number;
  /** When it was decided */
  at: string;
  /** The run */
  run: string;
  /** The namespace of the DAG */
  namespace: string;
  /** The DAG's id */
  dag: string;
  /** Which instances */
  tasks: TaskInstance[];
  /** Who asked, and why */
  origin: Origin;
}

/** All tasks of a run have ended. */
export interface RunFinished {
  /** Which kind it is */
  kind: 'run_finished';
  /** Its place in the journal; the id of the server-sent event */
  seq: number;
  /** When it was decided */
  at: string;
  /** The run */
  run: string;
  /** The namespace of the DAG */
  namespace: string;
  /** The DAG's id */
  dag: string;
  /** How it ended */
  status: RunStatus;
  /** Values of the outputs of its DAG */
  outputs: unknown;
  /** Why it failed although its tasks did not */
  error: string;
}

/** A mapped task learned its items; it now has one instance for each. */
export interface TaskExpanded {
  /** Which kind it is */
  kind: 'task_expanded';
  /** Its place in the journal; the id of the server-sent event */
  seq: number;
  /** When it was decided */
  at: string;
  /** The run */
  run: string;
  /** The namespace of the DAG */
  namespace: string;
  /** The DAG's id */
  dag: string;
  /** The task's id */
  task: string;
  /** One for each instance */
  items: unknown;
}

/** A task may run and waits for a slot. */
export interface TaskQueued {
  /** Which kind it is */
  kind: 'task_queued';
  /** Its place in the journal; the id of the server-sent event */
  seq: number;
  /** When it was decided */
  at: string;
  /** The run */
  run: string;
  /** The namespace of the DAG */
  namespace: string;
  /** The DAG's id */
  dag: string;
  /** The task's id; "" if the run is forgotten */
  task: string;
  /** Its place among the instances of a mapped task; -1: not mapped */
  map_index: number;
}

/** An attempt began. */
export interface AttemptStarted {
  /** Which kind it is */
  kind: 'attempt_started';
  /** Its place in the journal; the id of the server-sent event */
  seq: number;
  /** When it was decided */
  at: string;
  /** The run */
  run: string;
  /** The namespace of the DAG */
  namespace: string;
  /** The DAG's id */
  dag: string;
  /** The task's id; "" if the run is forgotten */
  task: string;
  /** Its place among the instances of a mapped task; -1: not mapped */
  map_index: number;
  /** Number of the attempt */
  attempt: number;
  /** Of the leader */
  epoch: number;
  /** When it began, if earlier than the event */
  began: string | null;
}

/** The runner or its engine was killed. Costs none of the task's retries. */
export interface AttemptLost {
  /** Which kind it is */
  kind: 'attempt_lost';
  /** Its place in the journal; the id of the server-sent event */
  seq: number;
  /** When it was decided */
  at: string;
  /** The run */
  run: string;
  /** The namespace of the DAG */
  namespace: string;
  /** The DAG's id */
  dag: string;
  /** The task's id; "" if the run is forgotten */
  task: string;
  /** Its place among the instances of a mapped task; -1: not mapped */
  map_index: number;
  /** Number of the attempt */
  attempt: number;
  /** Why */
  reason: string;
}

/** Why an attempt failed. */
export interface TaskError {
  /** As in problems, e.g. invalid_argument */
  code: string;
  /** What is wrong */
  message: string;
  /** The place, or "" */
  where: string;
  /** True: a retry may succeed */
  transient: boolean;
  /** True: the retries of the task do not apply */
  permanent: boolean;
  /** True: a limit of memory was reached */
  out_of_memory: boolean;
  /** How its program ended, if with an exit code */
  exit_code: number | null;
  /** How its program ended, if by a signal */
  signal: number | null;
  /** What the other side asked for */
  retry_after_ms: number | null;
}

/** An attempt failed, and another one follows. */
export interface AttemptFailed {
  /** Which kind it is */
  kind: 'attempt_failed';
  /** Its place in the journal; the id of the server-sent event */
  seq: number;
  /** When it was decided */
  at: string;
  /** The run */
  run: string;
  /** The namespace of the DAG */
  namespace: string;
  /** The DAG's id */
  dag: string;
  /** The task's id; "" if the run is forgotten */
  task: string;
  /** Its place among the instances of a mapped task; -1: not mapped */
  map_index: number;
  /** Number of the attempt */
  attempt: number;
  /** What is wrong */
  error: TaskError;
  /** When the next attempt may begin */
  retry_at: string;
}

/** The artifact becomes visible. Its bytes are in the artifact store already. */
export interface PublishArtifact {
  /** Which kind it is */
  kind: 'publish_artifact';
  /** SHA-256 of the content */
  digest: string;
  /** table, model, report or file */
  artifact_kind: string;
  /** For people; unique in the task */
  name: string;
  /** Size of the content */
  bytes: number;
  /** Rows of a table; -1 otherwise */
  rows: number;
  /** Columns of a table */
  schema: unknown;
  /** Digests of what it was made from */
  inputs: string[];
}

/** A trained model becomes a version. */
export interface RegisterModel {
  /** Which kind it is */
  kind: 'register_model';
  /** The model's name */
  model: string;
  /** Digest of the serialised model */
  artifact: string;
  /** How it was trained */
  algorithm: string;
  /** Metrics of the training */
  metrics: unknown;
  /** Parameters of the training */
  params: unknown;
  /** Digest of the artifact that makes the training repeatable */
  manifest: string;
}

/** The verdict of champion against challenger, with everything it rests on. */
export interface RecordEvaluation {
  /** Which kind it is */
  kind: 'record_evaluation';
  /** The model's name */
  model: string;
  /** Digest of the champion; empty when there is none yet */
  champion: string;
  /** Digest of the challenger */
  challenger: string;
  /** promote or refuse */
  decision: string;
  /** Metrics, intervals, p-values, gates, reasons */
  report: unknown;
}

/** Sends `weight` percent of the model's traffic to `candidate`. */
export interface SetTraffic {
  /** Which kind it is */
  kind: 'set_traffic';
  /** The served model */
  model: string;
  /** Digest of the version that gets the share */
  candidate: string;
  /** Percent of the traffic */
  weight: number | null;
  /** Kept in the journal */
  reason: string;
}

/** `artifact` becomes champion and takes all traffic; the champion so far becomes last known good. */
export interface PromoteModel {
  /** Which kind it is */
  kind: 'promote_model';
  /** The served model */
  model: string;
  /** Digest of the version */
  artifact: string;
  /** Kept in the journal */
  reason: string;
  /** Promote only while this version serves; empty: while none does */
  champion: string | null;
}

/** With a canary under way, its traffic goes back to the champion; otherwise the last known good version serves again. */
export interface RollbackModel {
  /** Which kind it is */
  kind: 'rollback_model';
  /** The served model */
  model: string;
  /** Kept in the journal */
  reason: string;
  /** What was measured */
  evidence: unknown;
  /** Roll back only while this version serves */
  artifact: string;
  /** Never touches a champion */
  candidate_only: boolean;
  /** The version is not withdrawn */
  blameless: boolean;
}

/** A data set has new content. */
export interface UpdateDataset {
  /** Which kind it is */
  kind: 'update_dataset';
  /** The dataset's name */
  dataset: string;
  /** Digest of its new content */
  artifact: string;
  /** Its rows; -1 if unknown */
  rows: number;
}

/** A message to the people in charge. */
export interface RaiseAlert {
  /** Which kind it is */
  kind: 'raise_alert';
  /** info, warning or error */
  severity: string;
  /** One line */
  title: string;
  /** The whole of it */
  text: string;
  /** Who should act */
  owner: string;
}

/** A person lets a refused or withdrawn version be deployed again. */
export interface ReleaseModel {
  /** Which kind it is */
  kind: 'release_model';
  /** The served model */
  model: string;
  /** Digest of the version */
  artifact: string;
  /** Why it may be deployed again */
  reason: string;
}

/** How far a data set has been read or written, for the next run to go on from. */
export interface SetWatermark {
  /** Which kind it is */
  kind: 'set_watermark';
  /** The dataset's name */
  dataset: string;
  /** A text or a number, kept as it is */
  value: unknown;
}

/** Starts a run of a DAG of the namespace. */
export interface StartRun {
  /** Which kind it is */
  kind: 'start_run';
  /** The DAG's id */
  dag: string;
  /** Values for the DAG's params */
  params: unknown;
  /** The date it stands for; without an offset, in the DAG's time zone */
  logical_date: string;
  /** The task waits for the end of the run */
  wait: boolean;
  /** Id of the new run */
  run: string | null;
}

export type Effect = PublishArtifact | RegisterModel | RecordEvaluation | SetTraffic | PromoteModel | RollbackModel | UpdateDataset | RaiseAlert | ReleaseModel | SetWatermark | StartRun;

/** A task waits for a time, an event or a run without a slot. */
export interface TaskDeferred {
  /** Which kind it is */
  kind: 'task_deferred';
  /** Its place in the journal; the id of the server-sent event */
  seq: number;
  /** When it was decided */
  at: string;
  /** The run */
  run: string;
  /** The namespace of the DAG */
  namespace: string;
  /** The DAG's id */
  dag: string;
  /** The task's id; "" if the run is forgotten */
  task: string;
  /** Its place among the instances of a mapped task; -1: not mapped */
  map_index: number;
  /** Number of the attempt */
  attempt: number;
  /** When it goes on at the latest; none: at the end of the run that it starts */
  until: string | null;
  /** What ends the wait earlier */
  event: string;
  /** For the next call */
  checkpoint: unknown;
  /** Committed with this event */
  effects: Effect[];
  /** What it waits for, in words; "": not known */
  waiting_for: string;
}

/** A task ended with success. */
export interface TaskSucceeded {
  /** Which kind it is */
  kind: 'task_succeeded';
  /** Its place in the journal; the id of the server-sent event */
  seq: number;
  /** When it was decided */
  at: string;
  /** The run */
  run: string;
  /** The namespace of the DAG */
  namespace: string;
  /** The DAG's id */
  dag: string;
  /** The task's id; "" if the run is forgotten */
  task: string;
  /** Its place among the instances of a mapped task; -1: not mapped */
  map_index: number;
  /** Number of the attempt */
  attempt: number;
  /** What expressions downstream see */
  outputs: unknown;
  /** Committed with this event */
  effects: Effect[];
}

/** A task ended with a failure; no attempt follows. */
export interface TaskFailed {
  /** Which kind it is */
  kind: 'task_failed';
  /** Its place in the journal; the id of the server-sent event */
  seq: number;
  /** When it was decided */
  at: string;
  /** The run */
  run: string;
  /** The namespace of the DAG */
  namespace: string;
  /** The DAG's id */
  dag: string;
  /** The task's id; "" if the run is forgotten */
  task: string;
  /** Its place among the instances of a mapped task; -1: not mapped */
  map_index: number;
  /** Number of the attempt */
  attempt: number;
  /** What is wrong */
  error: TaskError;
  /** What expressions downstream see */
  outputs: unknown;
  /** Committed with this event */
  effects: Effect[];
}

/** A condition or an operator said that the task is not needed. */
export interface TaskSkipped {
  /** Which kind it is */
  kind: 'task_skipped';
  /** Its place in the journal; the id of the server-sent event */
  seq: number;
  /** When it was decided */
  at: string;
  /** The run */
  run: string;
  /** The namespace of the DAG */
  namespace: string;
  /** The DAG's id */
  dag: string;
  /** The task's id; "" if the run is forgotten */
  task: string;
  /** Its place among the instances of a mapped task; -1: not mapped */
  map_index: number;
  /** Why */
  reason: string;
}

/** A task can never start, because one upstream did not succeed. */
export interface TaskUpstreamFailed {
  /** Which kind it is */
  kind: 'task_upstream_failed';
  /** Its place in the journal; the id of the server-sent event */
  seq: number;
  /** When it was decided */
  at: string;
  /** The run */
  run: string;
  /** The namespace of the DAG */
  namespace: string;
  /** The DAG's id */
  dag: string;
  /** The task's id; "" if the run is forgotten */
  task: string;
  /** Its place among the instances of a mapped task; -1: not mapped */
  map_index: number;
}

/** A task was cancelled. */
export interface TaskCancelled {
  /** Which kind it is */
  kind: 'task_cancelled';
  /** Its place in the journal; the id of the server-sent event */
  seq: number;
  /** When it was decided */
  at: string;
  /** The run */
  run: string;
  /** The namespace of the DAG */
  namespace: string;
  /** The DAG's id */
  dag: string;
  /** The task's id; "" if the run is forgotten */
  task: string;
  /** Its place among the instances of a mapped task; -1: not mapped */
  map_index: number;
}

/** A completion came for an attempt or epoch that is not the current one. Changes nothing. */
export interface CompletionRejected {
  /** Which kind it is */
  kind: 'completion_rejected';
  /** Its place in the journal; the id of the server-sent event */
  seq: number;
  /** When it was decided */
  at: string;
  /** The run */
  run: string;
  /** The namespace of the DAG */
  namespace: string;
  /** The DAG's id */
  dag: string;
  /** The task's id; "" if the run is forgotten */
  task: string;
  /** Its place among the instances of a mapped task; -1: not mapped */
  map_index: number;
  /** Number of the attempt */
  attempt: number;
  /** Of the leader */
  epoch: number;
  /** Why */
  reason: string;
}

/** A person or the model server changed shared state, outside any task. */
export interface EffectsRequested {
  /** Which kind it is */
  kind: 'effects_requested';
  /** Its place in the journal; the id of the server-sent event */
  seq: number;
  /** When it was decided */
  at: string;
  /** Committed with this event */
  effects: Effect[];
  /** Who asked, and why */
  origin: Origin;
  /** Where the names in the effects belong */
  namespace: string;
}

/** A command of the inbox was executed or refused; `result` is the answer to its sender. */
export interface CommandHandled {
  /** Which kind it is */
  kind: 'command_handled';
  /** Its place in the journal; the id of the server-sent event */
  seq: number;
  /** When it was decided */
  at: string;
  /** Its id */
  command: string;
  /** False: refused */
  ok: boolean;
  /** The answer, or the error */
  result: unknown;
}

/** The executor may begin the attempt. Until it does, the task stays queued. */
export interface AttemptDispatched {
  /** Which kind it is */
  kind: 'attempt_dispatched';
  /** Its place in the journal; the id of the server-sent event */
  seq: number;
  /** When it was decided */
  at: string;
  /** The run */
  run: string;
  /** The namespace of the DAG */
  namespace: string;
  /** The DAG's id */
  dag: string;
  /** The task's id; "" if the run is forgotten */
  task: string;
  /** Its place among the instances of a mapped task; -1: not mapped */
  map_index: number;
  /** Number of the attempt */
  attempt: number;
  /** Of the leader */
  epoch: number;
}

/** A dispatched attempt came back before it is known to have begun. Costs the task nothing. */
export interface AttemptReturned {
  /** Which kind it is */
  kind: 'attempt_returned';
  /** Its place in the journal; the id of the server-sent event */
  seq: number;
  /** When it was decided */
  at: string;
  /** The run */
  run: string;
  /** The namespace of the DAG */
  namespace: string;
  /** The DAG's id */
  dag: string;
  /** The task's id; "" if the run is forgotten */
  task: string;
  /** Its place among the instances of a mapped task; -1: not mapped */
  map_index: number;
  /** Number of the attempt */
  attempt: number;
  /** Why */
  reason: string;
}

/** The attempt of a task is to end early. */
export interface TaskCancelRequested {
  /** Which kind it is */
  kind: 'task_cancel_requested';
  /** Its place in the journal; the id of the server-sent event */
  seq: number;
  /** When it was decided */
  at: string;
  /** The run */
  run: string;
  /** The namespace of the DAG */
  namespace: string;
  /** The DAG's id */
  dag: string;
  /** The task's id; "" if the run is forgotten */
  task: string;
  /** Its place among the instances of a mapped task; -1: not mapped */
  map_index: number;
  /** Who asked, and why */
  origin: Origin;
}

/** No file declares the DAG any more: nothing starts it until one does, which registers it. */
export interface DagRetired {
  /** Which kind it is */
  kind: 'dag_retired';
  /** Its place in the journal; the id of the server-sent event */
  seq: number;
  /** When it was decided */
  at: string;
  /** The namespace of the DAG */
  namespace: string;
  /** The DAG's id */
  dag: string;
  /** Why */
  reason: string;
  /** Who asked, and why */
  origin: Origin;
}

/** The stored version cannot be compiled by this program on this machine; without a reason it can again. */
export interface DagOutOfOrder {
  /** Which kind it is */
  kind: 'dag_out_of_order';
  /** Its place in the journal; the id of the server-sent event */
  seq: number;
  /** When it was decided */
  at: string;
  /** The namespace of the DAG */
  namespace: string;
  /** The DAG's id */
  dag: string;
  /** What the compiler says */
  reason: string;
}

/** Where the schedule goes on: after its change, an unpausing, a reset or a skipped date. */
export interface ScheduleMoved {
  /** Which kind it is */
  kind: 'schedule_moved';
  /** Its place in the journal; the id of the server-sent event */
  seq: number;
  /** When it was decided */
  at: string;
  /** The namespace of the DAG */
  namespace: string;
  /** The DAG's id */
  dag: string;
  /** Only later dates count */
  from: string | null;
  /** Every missed date up to here still runs */
  all_until: string | null;
  /** Who asked, and why */
  origin: Origin;
  /** A date that gets no run, because an earlier run is open: see overlap */
  skipped: string | null;
}

/** A version of a resource, other than a DAG, became the current one. */
export interface ResourceRegistered {
  /** Which kind it is */
  kind: 'resource_registered';
  /** Its place in the journal; the id of the server-sent event */
  seq: number;
  /** When it was decided */
  at: string;
  /** Its kind: the key of its file */
  resource: string;
  /** Where its name belongs */
  namespace: string;
  /** Its name */
  name: string;
  /** Digest of the canonical form */
  version: string;
  /** Path of the file, for people */
  source: string;
  /** Who asked, and why */
  origin: Origin;
}

/** No file declares the resource any more; one that does registers it again. */
export interface ResourceRetired {
  /** Which kind it is */
  kind: 'resource_retired';
  /** Its place in the journal; the id of the server-sent event */
  seq: number;
  /** When it was decided */
  at: string;
  /** Its kind: the key of its file */
  resource: string;
  /** Where its name belongs */
  namespace: string;
  /** Its name */
  name: string;
  /** Why */
  reason: string;
  /** Who asked, and why */
  origin: Origin;
}

/** An attempt failed, none is left, and the task waits for a person: see on_exhausted. */
export interface TaskHeld {
  /** Which kind it is */
  kind: 'task_held';
  /** Its place in the journal; the id of the server-sent event */
  seq: number;
  /** When it was decided */
  at: string;
  /** The run */
  run: string;
  /** The namespace of the DAG */
  namespace: string;
  /** The DAG's id */
  dag: string;
  /** The task's id; "" if the run is forgotten */
  task: string;
  /** Its place among the instances of a mapped task; -1: not mapped */
  map_index: number;
  /** Number of the attempt */
  attempt: number;
  /** What is wrong */
  error: TaskError;
}

/** A held task is queued again, with all of its retries. */
export interface TaskResumed {
  /** Which kind it is */
  kind: 'task_resumed';
  /** Its place in the journal; the id of the server-sent event */
  seq: number;
  /** When it was decided */
  at: string;
  /** The run */
  run: string;
  /** The namespace of the DAG */
  namespace: string;
  /** The DAG's id */
  dag: string;
  /** The task's id; "" if the run is forgotten */
  task: string;
  /** Its place among the instances of a mapped task; -1: not mapped */
  map_index: number;
  /** Params of the run that have another value for this task from now on */
  params: unknown;
  /** Who asked, and why */
  origin: Origin;
}

/** A held task is to fail; its failure follows. */
export interface HeldTaskGivenUp {
  /** Which kind it is */
  kind: 'held_task_given_up';
  /** Its place in the journal; the id of the server-sent event */
  seq: number;
  /** When it was decided */
  at: string;
  /** The run */
  run: string;
  /** The namespace of the DAG */
  namespace: string;
  /** The DAG's id */
  dag: string;
  /** The task's id; "" if the run is forgotten */
  task: string;
  /** Its place among the instances of a mapped task; -1: not mapped */
  map_index: number;
  /** Who asked, and why */
  origin: Origin;
}

/** An attempt left a text to the next one, which gets it if this one does not succeed. */
export interface AttemptStateSaved {
  /** Which kind it is */
  kind: 'attempt_state_saved';
  /** Its place in the journal; the id of the server-sent event */
  seq: number;
  /** When it was decided */
  at: string;
  /** The run */
  run: string;
  /** The namespace of the DAG */
  namespace: string;
  /** The DAG's id */
  dag: string;
  /** The task's id; "" if the run is forgotten */
  task: string;
  /** Its place among the instances of a mapped task; -1: not mapped */
  map_index: number;
  /** Number of the attempt */
  attempt: number;
  /** The text; at most 64 KiB */
  state: string;
}

/** A backfill began: a run for each of its dates. */
export interface BackfillCreated {
  /** Which kind it is */
  kind: 'backfill_created';
  /** Its place in the journal; the id of the server-sent event */
  seq: number;
  /** When it was decided */
  at: string;
  /** The backfill */
  backfill: string;
  /** The namespace of the DAG */
  namespace: string;
  /** The DAG's id */
  dag: string;
  /** Which dates come first */
  order: BackfillOrder;
  /** No run is created while this many runs of the backfill are open */
  max_active_runs: number;
  /** Which dates get a run */
  reprocess: Reprocess;
  /** Values for the DAG's params, as given */
  params: unknown;
  /** The logical dates, in the order of their runs */
  dates: string[];
  /** Dates of the request that get no run */
  skipped: number;
  /** Who asked, and why */
  origin: Origin;
}

/** A backfill was paused or resumed; by the engine: the params do not fit the DAG any more. */
export interface BackfillPaused {
  /** Which kind it is */
  kind: 'backfill_paused';
  /** Its place in the journal; the id of the server-sent event */
  seq: number;
  /** When it was decided */
  at: string;
  /** The backfill */
  backfill: string;
  /** False: it was resumed */
  paused: boolean;
  /** Who asked, and why */
  origin: Origin;
}

/** A backfill starts no more runs, and its open runs are cancelled. */
export interface BackfillCancelRequested {
  /** Which kind it is */
  kind: 'backfill_cancel_requested';
  /** Its place in the journal; the id of the server-sent event */
  seq: number;
  /** When it was decided */
  at: string;
  /** The backfill */
  backfill: string;
  /** Who asked, and why */
  origin: Origin;
}

/** The last run of a backfill has ended. */
export interface BackfillEnded {
  /** Which kind it is */
  kind: 'backfill_ended';
  /** Its place in the journal; the id of the server-sent event */
  seq: number;
  /** When it was decided */
  at: string;
  /** The backfill */
  backfill: string;
  /** completed or cancelled */
  state: BackfillState;
}

/** The run that a task started and waits for has ended; the task goes on. */
export interface ChildRunEnded {
  /** Which kind it is */
  kind: 'child_run_ended';
  /** Its place in the journal; the id of the server-sent event */
  seq: number;
  /** When it was decided */
  at: string;
  /** The run */
  run: string;
  /** The namespace of the DAG */
  namespace: string;
  /** The DAG's id */
  dag: string;
  /** The task's id; "" if the run is forgotten */
  task: string;
  /** Its place among the instances of a mapped task; -1: not mapped */
  map_index: number;
  /** The run that it started */
  child: string;
  /** How it ended */
  status: RunStatus;
  /** What it left */
  outputs: unknown;
  /** Why it did not succeed */
  error: string;
}

/** An iteration of a task succeeded, and another one follows: see repeat. */
export interface TaskRepeated {
  /** Which kind it is */
  kind: 'task_repeated';
  /** Its place in the journal; the id of the server-sent event */
  seq: number;
  /** When it was decided */
  at: string;
  /** The run */
  run: string;
  /** The namespace of the DAG */
  namespace: string;
  /** The DAG's id */
  dag: string;
  /** The task's id; "" if the run is forgotten */
  task: string;
  /** Its place among the instances of a mapped task; -1: not mapped */
  map_index: number;
  /** Number of the attempt */
  attempt: number;
  /** When the next iteration may begin */
  next_at: string;
  /** What the next iteration sees as `previous` */
  outputs: unknown;
  /** Committed with this event */
  effects: Effect[];
}

/** Events that this client does not get: it read too slowly, or retention has removed them. */
export interface EventsLost {
  /** Which kind it is */
  kind: 'lost';
  /** The first of them */
  first_seq: number;
  /** The last of them; what comes now is later */
  last_seq: number;
}

export type StreamEvent = DagRegistered | DagFileChecked | DagPaused | RunCreated | RunCancelRequested | TasksCleared | RunFinished | TaskExpanded | TaskQueued | AttemptStarted | AttemptLost | AttemptFailed | TaskDeferred | TaskSucceeded | TaskFailed | TaskSkipped | TaskUpstreamFailed | TaskCancelled | CompletionRejected | EffectsRequested | CommandHandled | AttemptDispatched | AttemptReturned | TaskCancelRequested | DagRetired | DagOutOfOrder | ScheduleMoved | ResourceRegistered | ResourceRetired | TaskHeld | TaskResumed | HeldTaskGivenUp | AttemptStateSaved | BackfillCreated | BackfillPaused | BackfillCancelRequested | BackfillEnded | ChildRunEnded | TaskRepeated | EventsLost;

/** A DAG that an event did not start. */
export interface NotStarted {
  /** The DAG's id */
  dag: string;
  /** Why */
  reason: string;
}

/** The result of a CloudEvent. */
export interface ReceivedEvent {
  /** Its source */
  source: string;
  /** Its id */
  id: string;
  /** True: this source and id were received before */
  repeated: boolean;
  /** False: durable, the engine has not answered yet */
  handled: boolean;
  /** Runs that it started */
  runs: string[];
  /** DAGs whose `on: event` matched and that did not start, each with its reason; the event is not kept for them */
  not_started: NotStarted[];
}

/** The result of a webhook. */
export interface ReceivedWebhook {
  /** Id of the delivery */
  id: string;
  /** True: it was received before */
  repeated: boolean;
  /** False: durable, the engine has not answered yet */
  handled: boolean;
  /** The run that it started; empty if the webhook's `if` is false */
  runs: string[];
  /** Why it started no run although `if` is true; "" otherwise */
  not_started: string;
}

/** A parameter of an operator. */
export interface OperatorParam {
  /** As in `with:` */
  name: string;
  /** What it takes */
  type: string;
  /** What it means */
  doc: string;
  /** False: `default` counts without it */
  required: boolean;
  /** Its value where it is not given */
  default: unknown;
  /** JSON Schema of its value */
  schema: unknown;
  /** A value, or null */
  example: unknown;
}

/** What an operator gives to tasks downstream. */
export interface OperatorOutput {
  /** As in `tasks.<id>.outputs` */
  name: string;
  /** What it means */
  doc: string;
}

/** What a task can be carried out by. */
export interface Operator {
  /** As in `operator:` */
  name: string;
  /** What it does */
  doc: string;
  /** Part of a task's fingerprint */
  version: number;
  /** The executor that carries its attempts out */
  placement: string;
  /** Its parameters */
  params: OperatorParam[];
  /** What it gives to tasks downstream */
  outputs: OperatorOutput[];
}

/** What lint finds in the text of a file. */
export interface Lint {
  /** There is no error; there may be warnings */
  ok: boolean;
  /** Each problem with its place, in the order of the file */
  diagnostics: Diagnostic[];
}

/** How this process is. */
export interface Health {
  /** ok, or unavailable */
  status: string;
  /** Of Millrace */
  version: string;
  /** True: the store answers */
  store: boolean;
  /** True: this engine leads */
  leader: boolean;
  /** Last event of the journal */
  journal_seq: number;
}

/** All DAGs, by namespace and id. */
export const listDags = (query: { namespace?: string; recent?: number } = {}): Promise<Dag[]> =>
  request('GET', `/api/v1/dags`, query);

/** A DAG with its tasks and edges. */
export const getDag = (dag: string, query: { namespace?: string; recent?: number } = {}): Promise<DagDetail> =>
  request('GET', `/api/v1/dags/${encodeURIComponent(dag)}`, query);

/** Pause or unpause. */
export const patchDag = (dag: string, body: { paused: boolean; reason?: string }, query: { namespace?: string } = {}): Promise<CommandResult> =>
  request('PATCH', `/api/v1/dags/${encodeURIComponent(dag)}`, query, body);

/** When a schedule fires next. */
export const getComingFires = (dag: string, query: { namespace?: string; count?: number } = {}): Promise<ComingFires> =>
  request('GET', `/api/v1/dags/${encodeURIComponent(dag)}/next`, query);

/** Continue a schedule from now. */
export const resetSchedule = (dag: string, body: { reason?: string } = {}, query: { namespace?: string } = {}): Promise<CommandResult> =>
  request('POST', `/api/v1/dags/${encodeURIComponent(dag)}/schedule/reset`, query, body);

/** The canonical form of any version that ever ran. */
export const getDagVersion = (dag: string, version: string, query: { namespace?: string } = {}): Promise<Record<string, unknown>> =>
  request('GET', `/api/v1/dags/${encodeURIComponent(dag)}/versions/${encodeURIComponent(version)}`, query);

/** DAG files that cannot be loaded, and DAGs without a file. */
export const listDagErrors = (query: { warnings?: boolean } = {}): Promise<DagFileError[]> =>
  request('GET', `/api/v1/dag-errors`, query);

/** Its newest runs with the state of each task. */
export const getDagGrid = (dag: string, query: { namespace?: string; runs?: number; before?: string } = {}): Promise<DagGrid> =>
  request('GET', `/api/v1/dags/${encodeURIComponent(dag)}/grid`, query);

/** Tasks of a run, each with the states of all its instances. */
export const listTaskGroups = (run: string): Promise<TaskGroups> =>
  request('GET', `/api/v1/runs/${encodeURIComponent(run)}/task-groups`, {});

/** What files declare, DAGs included. */
export const listResources = (query: { kind?: string; namespace?: string } = {}): Promise<Resource[]> =>
  request('GET', `/api/v1/resources`, query);

/** Every version that was ever registered, newest first. */
export const listResourceVersions = (kind: string, namespace: string, name: string): Promise<ResourceVersion[]> =>
  request('GET', `/api/v1/resources/${encodeURIComponent(kind)}/${encodeURIComponent(namespace)}/${encodeURIComponent(name)}/versions`, {});

/** The canonical form of a version that was once registered. */
export const getResourceVersion = (kind: string, namespace: string, name: string, version: string): Promise<Record<string, unknown>> =>
  request('GET', `/api/v1/resources/${encodeURIComponent(kind)}/${encodeURIComponent(namespace)}/${encodeURIComponent(name)}/versions/${encodeURIComponent(version)}`, {});

/** All datasets, by namespace and name. */
export const listDatasets = (query: { namespace?: string } = {}): Promise<Dataset[]> =>
  request('GET', `/api/v1/datasets`, query);

/** How far a data set has been read or written, newest first. */
export const listWatermarks = (dataset: string, query: { namespace?: string; limit?: number } = {}): Promise<Watermark[]> =>
  request('GET', `/api/v1/datasets/${encodeURIComponent(dataset)}/watermarks`, query);

/** The watermarks that a run has set, oldest first. */
export const listRunWatermarks = (run: string): Promise<Watermark[]> =>
  request('GET', `/api/v1/runs/${encodeURIComponent(run)}/watermarks`, {});

/** Runs, newest first. */
export const listRuns = (query: { namespace?: string; dag?: string; status?: RunStatus; backfill?: string; before?: string; limit?: number } = {}): Promise<RunPage> =>
  request('GET', `/api/v1/runs`, query);

/** Start a run. */
export const triggerRun = (dag: string, body: { params?: Record<string, unknown>; logical_date?: string; reason?: string } = {}, query: { namespace?: string; wait?: string } = {}, headers: Record<string, string> = {}): Promise<TriggerResult> =>
  request('POST', `/api/v1/dags/${encodeURIComponent(dag)}/runs`, query, body, headers);

/** A run. */
export const getRun = (run: string, query: { wait?: string } = {}): Promise<Run> =>
  request('GET', `/api/v1/runs/${encodeURIComponent(run)}`, query);

/** Cancel a run. */
export const cancelRun = (run: string, body: { force?: boolean; reason?: string } = {}): Promise<CommandResult> =>
  request('POST', `/api/v1/runs/${encodeURIComponent(run)}/cancel`, {}, body);

/** Cancel one task. */
export const cancelTask = (run: string, task: string, body: { map_index?: number; force?: boolean; reason?: string } = {}): Promise<CommandResult> =>
  request('POST', `/api/v1/runs/${encodeURIComponent(run)}/tasks/${encodeURIComponent(task)}/cancel`, {}, body);

/** Resume a held task. */
export const resumeTask = (run: string, task: string, body: { map_index?: number; params?: Record<string, unknown>; reason?: string } = {}): Promise<CommandResult> =>
  request('POST', `/api/v1/runs/${encodeURIComponent(run)}/tasks/${encodeURIComponent(task)}/resume`, {}, body);

/** Let a held task fail. */
export const failHeldTask = (run: string, task: string, body: { map_index?: number; reason?: string } = {}): Promise<CommandResult> =>
  request('POST', `/api/v1/runs/${encodeURIComponent(run)}/tasks/${encodeURIComponent(task)}/fail`, {}, body);

/** Run tasks again. */
export const retryRun = (run: string, body: { tasks?: string[]; reason?: string } = {}): Promise<CommandResult> =>
  request('POST', `/api/v1/runs/${encodeURIComponent(run)}/retry`, {}, body);

/** What a run's tasks left. */
export const listArtifacts = (run: string): Promise<Artifact[]> =>
  request('GET', `/api/v1/runs/${encodeURIComponent(run)}/artifacts`, {});

/** Backfills, newest first. */
export const listBackfills = (query: { namespace?: string; dag?: string; state?: BackfillState; before?: string; limit?: number } = {}): Promise<BackfillPage> =>
  request('GET', `/api/v1/backfills`, query);

/** Create a backfill, or answer its plan. */
export const createBackfill = (dag: string, body: { from?: string; to?: string; dates?: string[]; order?: BackfillOrder; max_active_runs?: number; reprocess?: Reprocess; params?: Record<string, unknown>; dry_run?: boolean; reason?: string } = {}, query: { namespace?: string } = {}, headers: Record<string, string> = {}): Promise<BackfillResult> =>
  request('POST', `/api/v1/dags/${encodeURIComponent(dag)}/backfills`, query, body, headers);

/** A backfill, its progress and its dates. */
export const getBackfill = (backfill: string, query: { from?: number; limit?: number; wait?: string } = {}): Promise<BackfillDetail> =>
  request('GET', `/api/v1/backfills/${encodeURIComponent(backfill)}`, query);

/** Pause a backfill. */
export const pauseBackfill = (backfill: string, body: { reason?: string } = {}): Promise<CommandResult> =>
  request('POST', `/api/v1/backfills/${encodeURIComponent(backfill)}/pause`, {}, body);

/** Resume a paused backfill. */
export const resumeBackfill = (backfill: string, body: { reason?: string } = {}): Promise<CommandResult> =>
  request('POST', `/api/v1/backfills/${encodeURIComponent(backfill)}/resume`, {}, body);

/** Cancel a backfill. */
export const cancelBackfill = (backfill: string, body: { reason?: string } = {}): Promise<CommandResult> =>
  request('POST', `/api/v1/backfills/${encodeURIComponent(backfill)}/cancel`, {}, body);

/** Task instances of a run as they are now, upstream first. */
export const listTasks = (run: string, query: { task?: string; state?: TaskState; per_task?: number; limit?: number; offset?: number } = {}): Promise<Task[]> =>
  request('GET', `/api/v1/runs/${encodeURIComponent(run)}/tasks`, query);

/** A task instance as it is now. */
export const getTask = (run: string, task: string, query: { map_index?: number } = {}): Promise<Task> =>
  request('GET', `/api/v1/runs/${encodeURIComponent(run)}/tasks/${encodeURIComponent(task)}`, query);

/** Every try of a task instance, oldest first. */
export const listAttempts = (run: string, task: string, query: { map_index?: number } = {}): Promise<Attempt[]> =>
  request('GET', `/api/v1/runs/${encodeURIComponent(run)}/tasks/${encodeURIComponent(task)}/attempts`, query);

/** All models with what serves them. */
export const listModels = (query: { namespace?: string } = {}): Promise<Model[]> =>
  request('GET', `/api/v1/models`, query);

/** A model. */
export const getModel = (model: string, query: { namespace?: string } = {}): Promise<Model> =>
  request('GET', `/api/v1/models/${encodeURIComponent(model)}`, query);

/** Its versions, newest first. */
export const listModelVersions = (model: string, query: { namespace?: string } = {}): Promise<ModelVersion[]> =>
  request('GET', `/api/v1/models/${encodeURIComponent(model)}/versions`, query);

/** Champion against challenger, newest first. */
export const listEvaluations = (model: string, query: { namespace?: string; limit?: number } = {}): Promise<Evaluation[]> =>
  request('GET', `/api/v1/models/${encodeURIComponent(model)}/evaluations`, query);

/** What the model server measured lately, by version and role. */
export const getServing = (model: string, query: { namespace?: string; window?: string } = {}): Promise<ServingStats[]> =>
  request('GET', `/api/v1/models/${encodeURIComponent(model)}/serving`, query);

/** Take it back. */
export const rollbackModel = (model: string, body: { reason?: string; artifact?: string } = {}, query: { namespace?: string } = {}, headers: Record<string, string> = {}): Promise<CommandResult> =>
  request('POST', `/api/v1/models/${encodeURIComponent(model)}/rollback`, query, body, headers);

/** Let a refused or withdrawn version be deployed again. */
export const releaseModel = (model: string, body: { artifact: string; reason: string }, query: { namespace?: string } = {}, headers: Record<string, string> = {}): Promise<CommandResult> =>
  request('POST', `/api/v1/models/${encodeURIComponent(model)}/release`, query, body, headers);

/** What serves each model now. */
export const listDeployments = (query: { namespace?: string } = {}): Promise<Deployment[]> =>
  request('GET', `/api/v1/deployments`, query);

/** Every change of what serves a model, newest first. */
export const listDeploymentHistory = (model: string, query: { namespace?: string; limit?: number } = {}): Promise<DeploymentEvent[]> =>
  request('GET', `/api/v1/deployments/${encodeURIComponent(model)}/history`, query);

/** Alerts, newest first. */
export const listAlerts = (query: { namespace?: string; limit?: number } = {}): Promise<Alert[]> =>
  request('GET', `/api/v1/alerts`, query);

/** What a task can be carried out by. */
export const listOperators = (): Promise<Operator[]> =>
  request('GET', `/api/v1/operators`, {});

/** JSON Schema of DAG files, for editors. */
export const getDagSchema = (): Promise<Record<string, unknown>> =>
  request('GET', `/api/v1/dag-schema.json`, {});

/** What is known of an artifact. */
export const getArtifact = (digest: string): Promise<Artifact> =>
  request('GET', `/api/v1/artifacts/${encodeURIComponent(digest)}`, {});
