#include "engine/api/views.h"

namespace millrace::api {
namespace {

std::optional<double> seconds_between(std::optional<Time> start, std::optional<Time> end) {
  if (!start || !end) return std::nullopt;
  return std::chrono::duration<double>(*end - *start).count();
}

std::string state_of(const DagView& v) {
  if (!v.row.out_of_order.empty()) return "out_of_order";
  if (!v.row.retired.empty()) return "retired";
  return v.row.paused ? "paused" : "active";
}

std::string state_reason_of(const DagView& v) {
  return v.row.out_of_order.empty() ? v.row.retired : v.row.out_of_order;
}

Json params_of(const DagSpec& spec) {
  Json list = Json::array();
  for (const auto& param : spec.params)
    list.push_back(Json::object({{"name", param.name}, {"schema", param.schema}}));
  return list;
}

}  // namespace

const Record<RunRow>& run_record() {
  static const auto record =
      Record<RunRow>("Run", "One execution of a DAG version.")
          .field("run", &RunRow::run, "Its id; ids sort by creation time")
          .field("dag", &RunRow::dag, "The DAG's id")
          .field("namespace", &RunRow::namespace_, "The team it belongs to")
          .field("version", &RunRow::version, "Digest of the DAG version it executes")
          .field("type", &RunRow::type, "What started it")
          .field("status", &RunRow::status, "running until all its tasks have ended")
          .field("logical_date", &RunRow::logical_date,
                 "The date it stands for; null for a manual run without one")
          .field("interval_start", &RunRow::interval_start, "Start of its data interval, inclusive")
          .field("interval_end", &RunRow::interval_end, "End of its data interval, exclusive")
          .field("params", &RunRow::params, "Its params, defaults filled in")
          .field("trigger", &RunRow::trigger, "The event or dataset that started it, or null")
          .field("trace_id", &RunRow::trace_id, "W3C trace id that its tasks and logs carry")
          .field("actor", &RunRow::actor, "Who asked for it")
          .field("reason", &RunRow::reason, "Why, as they said")
          .field("created_at", &RunRow::created_at, "When it began")
          .field("finished_at", &RunRow::finished_at,
                 "When its last task ended; null while it runs")
          .field(
              "duration_s",
              [](const RunRow& run) { return seconds_between(run.created_at, run.finished_at); },
              "Seconds from created_at to finished_at; null while it runs");
  return record;
}

const Record<RunPage>& run_page_record() {
  static const auto record =
      Record<RunPage>("RunPage", "A page of runs, newest first.")
          .field("runs", &RunPage::runs, "The runs")
          .field("next", &RunPage::next, "Pass as ?before= for the next page; null on the last");
  return record;
}

const Record<DagView>& dag_record() {
  static const auto record =
      Record<DagView>("Dag", "A DAG in its current version.")
          .field(
              "dag", [](const DagView& v) { return v.row.dag; }, "Its id")
          .field(
              "namespace", [](const DagView& v) { return v.row.namespace_; },
              "The team it belongs to")
          .field(
              "doc", [](const DagView& v) { return v.spec.doc; }, "What it is for")
          .field(
              "owner", [](const DagView& v) { return v.spec.owner; }, "Who answers for it")
          .field(
              "tags", [](const DagView& v) { return v.spec.tags; }, "Free labels")
          .field(
              "version", [](const DagView& v) { return v.row.version; },
              "Digest of its canonical form")
          .field(
              "source", [](const DagView& v) { return v.row.source; }, "The file it was read from")
          .field(
              "paused", [](const DagView& v) { return v.row.paused; },
              "True: nothing starts it by itself")
          .field("state", state_of,
                 "active, paused, retired (no file declares it) or out_of_order (this program "
                 "cannot compile it): a retired or broken one is refused by triggers as well")
          .field("state_reason", state_reason_of,
                 "Why it is retired or out of order; \"\" otherwise")
          .field(
              "cron",
              [](const DagView& v) {
                return v.spec.schedule ? std::optional(v.spec.schedule->expression) : std::nullopt;
              },
              "Its cron expression; null without a schedule")
          .field(
              "time_zone",
              [](const DagView& v) {
                return v.spec.schedule ? std::optional(v.spec.schedule->time_zone) : std::nullopt;
              },
              "IANA zone of the cron expression")
          .field(
              "catchup", [](const DagView& v) { return v.spec.catchup; },
              "True: missed dates are made up for")
          .field("next_run_at", &DagView::next_run_at,
                 "The next firing of the schedule (in the past: due as soon as a slot is free); "
                 "null if none")
          .field(
              "last_logical_date", [](const DagView& v) { return v.row.last_logical_date; },
              "Logical date of its last scheduled run")
          .field(
              "datasets", [](const DagView& v) { return v.spec.datasets; },
              "Datasets whose update starts it")
          .field(
              "on_event", [](const DagView& v) { return v.spec.on_event; },
              "The CloudEvent that starts it, or null")
          .field(
              "params", [](const DagView& v) { return params_of(v.spec); },
              "Its params: [{name, schema}], schema as in JSON Schema")
          .field(
              "task_count",
              [](const DagView& v) { return static_cast<std::int64_t>(v.spec.tasks.size()); },
              "How many tasks it has")
          .field(
              "registered_at", [](const DagView& v) { return v.row.registered_at; }, "First seen")
          .field(
              "updated_at", [](const DagView& v) { return v.row.updated_at; },
              "This version took effect")
          .field("recent_runs", &DagView::recent_runs,
                 "Its newest runs, newest first; as many as ?recent= asked for");
  return record;
}

const Record<DagTaskView>& dag_task_record() {
  static const auto record =
      Record<DagTaskView>("DagTask", "A task as its author wrote it, defaults applied.")
          .field(
              "task", [](const DagTaskView& v) { return v.spec.id; }, "Its id in the DAG")
          .field(
              "operator", [](const DagTaskView& v) { return v.spec.op; }, "What carries it out")
          .field(
              "needs", [](const DagTaskView& v) { return v.spec.needs; }, "Tasks upstream")
          .field(
              "with", [](const DagTaskView& v) { return v.spec.with; },
              "Its parameters, expressions unevaluated")
          .field(
              "condition", [](const DagTaskView& v) { return v.spec.condition; },
              "Its `if`; \"\" without one")
          .field(
              "trigger_rule",
              [](const DagTaskView& v) {
                return std::string(
                    to_string(v.spec.trigger_rule.value_or(TriggerRule::all_success)));
              },
              "When it may start, by the ends of its upstream")
          .field("mapped", &DagTaskView::mapped, "True: one instance for each item of its foreach")
          .field(
              "retries", [](const DagTaskView& v) { return v.spec.retries.max; },
              "Retries after the first attempt")
          .field(
              "timeout_s",
              [](const DagTaskView& v) {
                return std::chrono::duration<double>(v.spec.timeout).count();
              },
              "Deadline of one attempt in seconds")
          .field(
              "doc", [](const DagTaskView& v) { return v.spec.doc; }, "What it is for");
  return record;
}

const Record<EdgeView>& edge_record() {
  static const auto record = Record<EdgeView>("Edge", "`to` needs `from`.")
                                 .field("from", &EdgeView::from, "Task upstream")
                                 .field("to", &EdgeView::to, "Task downstream");
  return record;
}

const Record<DagDetailView>& dag_detail_record() {
  static const auto record =
      Record<DagDetailView>("DagDetail", "A DAG with its graph.")
          .field("dag", &DagDetailView::dag, "The DAG")
          .field("tasks", &DagDetailView::tasks, "Its tasks, in the order of the file")
          .field("edges", &DagDetailView::edges, "Its edges");
  return record;
}

const Record<DagFileErrorRow>& dag_file_error_record() {
  static const auto record =
      Record<DagFileErrorRow>(
          "DagFileError", "A DAG file that cannot be loaded; its last good version stays in force.")
          .field("source", &DagFileErrorRow::source, "The file")
          .field("diagnostics", &DagFileErrorRow::diagnostics,
                 "What is wrong, each with its place in the file")
          .field("at", &DagFileErrorRow::at, "When it was found");
  return record;
}

const Record<TaskView>& task_record() {
  static const auto record =
      Record<TaskView>("Task", "A task instance of a run, as it is now.")
          .field("task", &TaskView::task, "The task's id")
          .field("index", &TaskView::index,
                 "Its place in the DAG, from 0; `t` of the events about it (`m`: map_index)")
          .field("map_index", &TaskView::map_index,
                 "Its place among the instances of a mapped task; -1: not mapped")
          .field("operator", &TaskView::op, "What carries it out")
          .field("needs", &TaskView::needs, "Tasks upstream")
          .field("state", &TaskView::state, "Where it stands")
          .field("attempt", &TaskView::attempt,
                 "Number of the current or last attempt; 0 before the first")
          .field("failures", &TaskView::failures, "Attempts that failed")
          .field("since", &TaskView::since, "When it entered this state")
          .field("started_at", &TaskView::started_at, "Start of its first attempt")
          .field("ended_at", &TaskView::ended_at, "When it ended")
          .field(
              "duration_s",
              [](const TaskView& v) { return seconds_between(v.started_at, v.ended_at); },
              "Seconds from started_at to ended_at")
          .field("wake_at", &TaskView::wake_at, "When a deferred or retrying task goes on")
          .field("wake_event", &TaskView::wake_event,
                 "The event that a deferred task waits for; \"\" if none")
          .field("error", &TaskView::error, "Of the last failure")
          .field("reason", &TaskView::reason, "Why it was skipped")
          .field("item", &TaskView::item, "The item that a mapped instance works on")
          .field("outputs", &TaskView::outputs, "What it gave to tasks downstream")
          .field("checkpoint", &TaskView::checkpoint, "What a deferred task remembers");
  return record;
}

const Record<AttemptView>& attempt_record() {
  static const auto record =
      Record<AttemptView>("Attempt", "One try of a task instance.")
          .field("attempt", &AttemptView::attempt, "Its number, from 1")
          .field("epoch", &AttemptView::epoch, "Epoch of the engine that started it")
          .field("started_at", &AttemptView::started_at, "Its start")
          .field("ended_at", &AttemptView::ended_at, "Its end; null while it runs")
          .field(
              "duration_s",
              [](const AttemptView& v) { return seconds_between(v.started_at, v.ended_at); },
              "Seconds from started_at to ended_at")
          .field("outcome", &AttemptView::outcome,
                 "running, success, failed, retry, deferred, skipped, cancelled or lost (with its "
                 "engine)")
          .field("error", &AttemptView::error, "What went wrong");
  return record;
}

const Record<ArtifactRow>& artifact_record() {
  static const auto record =
      Record<ArtifactRow>("Artifact", "Data that a task left, named by its content.")
          .field("digest", &ArtifactRow::digest, "SHA-256 of the content")
          .field("kind", &ArtifactRow::kind, "table, model, report or file")
          .field("name", &ArtifactRow::name, "For people")
          .field("bytes", &ArtifactRow::bytes, "Size")
          .field("rows", &ArtifactRow::rows, "Rows of a table; -1 otherwise")
          .field("schema", &ArtifactRow::schema, "Columns of a table")
          .field("inputs", &ArtifactRow::inputs, "Digests it was made from")
          .field("run", &ArtifactRow::run, "The run that made it")
          .field("task", &ArtifactRow::task, "The task that made it")
          .field("map_index", &ArtifactRow::map_index, "And its map index")
          .field("created_at", &ArtifactRow::created_at, "When it became visible");
  return record;
}

const Record<TriggerView>& trigger_record() {
  static const auto record =
      Record<TriggerView>("TriggerResult", "The result of a trigger.")
          .field("run", &TriggerView::run, "The run")
          .field("created", &TriggerView::created,
                 "False: an earlier request with this Idempotency-Key made it")
          .field("handled", &TriggerView::handled,
                 "False: accepted and durable, the engine has not answered yet")
          .field("status", &TriggerView::status,
                 "The run's status after ?wait=; null if not waited for");
  return record;
}

const Record<CommandView>& command_record() {
  static const auto record =
      Record<CommandView>("CommandResult", "The result of a command.")
          .field("command", &CommandView::command, "Its id in the inbox")
          .field("handled", &CommandView::handled,
                 "False: accepted and durable, the engine has not answered yet")
          .field("result", &CommandView::result, "The engine's answer");
  return record;
}

const Record<ReceivedEventView>& received_event_record() {
  static const auto record =
      Record<ReceivedEventView>("ReceivedEvent", "The result of a CloudEvent.")
          .field("source", &ReceivedEventView::source, "Its source")
          .field("id", &ReceivedEventView::id, "Its id")
          .field("repeated", &ReceivedEventView::repeated,
                 "True: this source and id were received before")
          .field("handled", &ReceivedEventView::handled,
                 "False: durable, the engine has not answered yet")
          .field("runs", &ReceivedEventView::runs, "Runs that it started")
          .field("not_started", &ReceivedEventView::not_started,
                 "DAGs whose `on: event` matched and that did not start, each with its reason; the "
                 "event is not kept for them");
  return record;
}

}  // namespace millrace::api
