// Views of DAGs, runs and tasks: what REST clients see, as records. A row that is shown as it is
// stored has no view of its own.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "engine/base/record_json.h"
#include "engine/core/dag.h"
#include "engine/spec/diagnostic.h"
#include "engine/store/rows.h"

namespace millrace::api {

struct RunPage {
  static constexpr std::string_view record_name = "RunPage";
  static constexpr std::string_view record_doc = "A page of runs, newest first.";
  std::vector<RunRow> runs;
  std::optional<Uuid> next;  // `before` of the next page

  static constexpr auto fields() {
    return std::tuple{
        field("runs", &RunPage::runs, "The runs"),
        field("next", &RunPage::next, "Pass as ?before= for the next page; null on the last")};
  }
};

struct DagFileErrorView {
  static constexpr std::string_view record_name = "DagFileError";
  static constexpr std::string_view record_doc =
      "A DAG file that cannot be loaded; its last good version stays in force.";
  std::string source;
  std::vector<QuotedDiagnostic> diagnostics;
  Time at{};

  static constexpr auto fields() {
    return std::tuple{field("source", &DagFileErrorView::source, "The file"),
                      field("diagnostics", &DagFileErrorView::diagnostics,
                            "What is wrong, each with its place in the file"),
                      field("at", &DagFileErrorView::at, "When it was found")};
  }
};
struct LintView {
  static constexpr std::string_view record_name = "Lint";
  static constexpr std::string_view record_doc = "What lint finds in the text of a file.";
  bool ok = false;
  std::vector<QuotedDiagnostic> diagnostics;

  static constexpr auto fields() {
    return std::tuple{field("ok", &LintView::ok, "There is no error; there may be warnings"),
                      field("diagnostics", &LintView::diagnostics,
                            "Each problem with its place, in the order of the file")};
  }
};
DagFileErrorView dag_file_error_view(DagFileErrorRow row);

enum class DagState { active, paused, retired, out_of_order };
constexpr std::array<std::string_view, 4> names_of(DagState) {
  return {"active", "paused", "retired", "out_of_order"};
}
constexpr std::string_view title_of(DagState) { return "DagState"; }

struct DagParamView {
  static constexpr std::string_view record_name = "DagParam";
  static constexpr std::string_view record_doc = "A param that a run takes.";
  std::string name;
  Json schema;

  static constexpr auto fields() {
    return std::tuple{field("name", &DagParamView::name, "Its name"),
                      field("schema", &DagParamView::schema, "JSON Schema of its value").object()};
  }
};

struct DagView {
  static constexpr std::string_view record_name = "Dag";
  static constexpr std::string_view record_doc = "A DAG in its current version.";
  DagRow row;
  DagSpec spec;
  std::optional<Time> next_run_at;
  std::vector<RunRow> recent_runs;  // newest first

  DagState state() const;
  /// Why it is retired or out of order.
  const std::string& state_reason() const;
  std::vector<DagParamView> params() const;
  std::optional<std::string> cron() const;
  std::optional<std::string> time_zone() const;

  static constexpr auto fields() {
    using View = const DagView&;
    return std::tuple{
        field(
            "dag", [](View v) { return v.row.dag; }, "Its id"),
        field(
            "namespace", [](View v) { return v.row.namespace_; }, "Its namespace"),
        field(
            "doc", [](View v) { return v.spec.doc; }, "What it is for"),
        field(
            "owner", [](View v) { return v.spec.owner; }, "Who answers for it"),
        field(
            "tags", [](View v) { return v.spec.tags; }, "Free labels"),
        field(
            "version", [](View v) { return v.row.version; }, "Digest of its canonical form"),
        field(
            "source", [](View v) { return v.row.source; }, "The file it was read from"),
        field(
            "paused", [](View v) { return v.row.paused; }, "True: nothing starts it by itself"),
        field("state", &DagView::state,
              "active, paused, retired (no file declares it) or out_of_order (this program cannot "
              "compile it): a retired or broken one is refused by triggers as well"),
        field("state_reason", &DagView::state_reason,
              "Why it is retired or out of order; \"\" otherwise"),
        field("cron", &DagView::cron,
              "Its cron expression or interval, several separated by \"; \"; null without a "
              "schedule"),
        field("time_zone", &DagView::time_zone, "IANA zone of the cron expression"),
        field(
            "catchup", [](View v) { return v.spec.catchup; }, "True: missed dates still run"),
        field("next_run_at", &DagView::next_run_at,
              "The next firing of the schedule (in the past: due as soon as a slot is free); null "
              "if none"),
        field(
            "last_logical_date", [](View v) { return v.row.last_logical_date; },
            "Logical date of its last scheduled run"),
        field(
            "datasets", [](View v) { return v.spec.datasets; }, "Datasets whose update starts it"),
        field(
            "on_event", [](View v) { return v.spec.on_event; },
            "The CloudEvent that starts it, or null"),
        field(
            "on_webhook", [](View v) { return v.spec.on_webhook; },
            "The webhook that starts it, without its secret, or null"),
        field("params", &DagView::params, "Its params"),
        field(
            "task_count", [](View v) { return static_cast<std::int64_t>(v.spec.tasks.size()); },
            "How many tasks it has"),
        field(
            "registered_at", [](View v) { return v.row.registered_at; }, "First seen"),
        field(
            "updated_at", [](View v) { return v.row.updated_at; }, "This version took effect"),
        field("recent_runs", &DagView::recent_runs,
              "Its newest runs, newest first; as many as ?recent= asked for")};
  }
};

struct DagTaskView {
  static constexpr std::string_view record_name = "DagTask";
  static constexpr std::string_view record_doc = "A task as its author wrote it, defaults applied.";
  TaskSpec spec;
  bool mapped = false;

  static constexpr auto fields() {
    using View = const DagTaskView&;
    return std::tuple{
        field(
            "task", [](View v) { return v.spec.id; }, "Its id in the DAG"),
        field(
            "operator", [](View v) { return v.spec.op; }, "What carries it out"),
        field(
            "needs", [](View v) { return v.spec.needs; }, "Tasks upstream"),
        field(
            "with", [](View v) { return v.spec.with; }, "Its parameters, expressions unevaluated"),
        field(
            "condition", [](View v) { return v.spec.condition; }, "Its `if`; \"\" without one"),
        field(
            "trigger_rule",
            [](View v) { return v.spec.trigger_rule.value_or(TriggerRule::all_success); },
            "When it may start, by the ends of its upstream"),
        field(
            "depends", [](View v) { return v.spec.depends; },
            "When it may start, as an expression over other tasks; \"\": its trigger_rule says it"),
        field(
            "continue_on_error", [](View v) { return v.spec.continue_on_error; },
            "True: its failure counts as a success, downstream and for the run"),
        field(
            "teardown_of", [](View v) { return v.spec.teardown.setups; },
            "The setups that it cleans up after; none: it is no teardown"),
        field(
            "fail_run", [](View v) { return v.spec.teardown.fail_run; },
            "If it is a teardown: its failure fails the run"),
        field(
            "executor", [](View v) { return v.spec.executor; },
            "The executor that it names; \"\": the one of its operator"),
        field("mapped", &DagTaskView::mapped, "True: one instance for each item of its foreach"),
        field(
            "max_active", [](View v) { return v.spec.foreach_max_active; },
            "If it is mapped: instances that may be under way at a time in a run; 0: no limit"),
        field(
            "repeat_until", [](View v) { return v.spec.repeat.until; },
            "The condition that ends its iterations; \"\": it runs once"),
        field(
            "repeat_max", [](View v) { return v.spec.repeat.max; },
            "Its most iterations; 0: it runs once"),
        field(
            "retries", [](View v) { return v.spec.retries.max; },
            "Retries after the first attempt"),
        field(
            "timeout_s",
            [](View v) { return std::chrono::duration<double>(v.spec.timeout).count(); },
            "Deadline of one attempt in seconds"),
        field(
            "doc", [](View v) { return v.spec.doc; }, "What it is for")};
  }
};

struct EdgeView {
  static constexpr std::string_view record_name = "Edge";
  static constexpr std::string_view record_doc = "`to` needs `from`.";
  std::string from, to;

  static constexpr auto fields() {
    return std::tuple{field("from", &EdgeView::from, "Task upstream"),
                      field("to", &EdgeView::to, "Task downstream")};
  }
};

struct DagDetailView {
  static constexpr std::string_view record_name = "DagDetail";
  static constexpr std::string_view record_doc = "A DAG with its graph.";
  DagView dag;
  std::vector<DagTaskView> tasks;
  std::vector<EdgeView> edges;

  static constexpr auto fields() {
    return std::tuple{field("dag", &DagDetailView::dag, "The DAG"),
                      field("tasks", &DagDetailView::tasks, "Its tasks, in the order of the file"),
                      field("edges", &DagDetailView::edges, "Its edges")};
  }
};

struct TaskView {
  static constexpr std::string_view record_name = "Task";
  static constexpr std::string_view record_doc = "A task instance of a run, as it is now.";
  std::string task, op;
  int index = 0;
  int map_index = -1;
  std::vector<std::string> needs;
  TaskState state = TaskState::pending;
  int attempt = 0, failures = 0, iteration = 0;
  std::optional<Time> started_at, ended_at, wake_at, waiting_since;
  std::string wake_event, waiting_for;
  Time since{};
  std::string error, reason;
  bool continue_on_error = false, fail_run = false;
  std::vector<std::string> teardown_of;
  Json item, outputs, checkpoint, params;
  std::string saved_state;
  std::optional<Uuid> child;

  static constexpr auto fields() {
    return std::tuple{
        field("task", &TaskView::task, "The task's id"),
        field("index", &TaskView::index, "Its place in the DAG, from 0"),
        field("map_index", &TaskView::map_index,
              "Its place among the instances of a mapped task; -1: not mapped"),
        field("operator", &TaskView::op, "What carries it out"),
        field("needs", &TaskView::needs, "Tasks upstream"),
        field("state", &TaskView::state, "Its state"),
        field("attempt", &TaskView::attempt,
              "Number of the current or last attempt; 0 before the first"),
        field("failures", &TaskView::failures, "Attempts that failed"),
        field(
            "iteration", &TaskView::iteration,
            "Number of the current, next or last iteration of a task with `repeat`; 0 for others"),
        field("since", &TaskView::since, "When it entered this state"),
        field("started_at", &TaskView::started_at, "Start of its first attempt"),
        field("ended_at", &TaskView::ended_at, "When it ended"),
        field(
            "duration_s",
            [](const TaskView& v) { return seconds_between(v.started_at, v.ended_at); },
            "Seconds from started_at to ended_at"),
        field("wake_at", &TaskView::wake_at, "When a deferred or retrying task goes on"),
        field("wake_event", &TaskView::wake_event,
              "The event that a deferred task waits for; \"\" if none"),
        field("waiting_for", &TaskView::waiting_for,
              "What it waits for, in words, between looks and during a look; \"\": nothing, or not "
              "known"),
        field("waiting_since", &TaskView::waiting_since, "Since when it waits for that"),
        field("error", &TaskView::error, "Of the last failure"),
        field("reason", &TaskView::reason, "Why it was skipped"),
        field("continue_on_error", &TaskView::continue_on_error,
              "True: its failure counts as a success, downstream and for the run"),
        field("teardown_of", &TaskView::teardown_of,
              "The setups that it cleans up after; none: it is no teardown"),
        field("fail_run", &TaskView::fail_run, "If it is a teardown: its failure fails the run"),
        field("item", &TaskView::item, "The item that a mapped instance works on"),
        field("outputs", &TaskView::outputs, "What it gave to tasks downstream"),
        field("checkpoint", &TaskView::checkpoint, "What a deferred task remembers"),
        field("saved_state", &TaskView::saved_state,
              "The text that its attempts have saved for the next one; \"\": none"),
        field("child", &TaskView::child,
              "The run that it started last; a deferred task without wake_at waits for its end"),
        field("params", &TaskView::params,
              "Params that were changed for it when it was resumed; null: none")};
  }
};

enum class AttemptOutcome {
  running,
  success,
  failed,
  retry,
  deferred,
  skipped,
  cancelled,
  lost,
  repeat
};
constexpr std::array<std::string_view, 9> names_of(AttemptOutcome) {
  return {"running", "success",   "failed", "retry", "deferred",
          "skipped", "cancelled", "lost",   "repeat"};
}
constexpr std::string_view title_of(AttemptOutcome) { return "AttemptOutcome"; }

struct AttemptView {
  static constexpr std::string_view record_name = "Attempt";
  static constexpr std::string_view record_doc = "One try of a task instance.";
  int attempt = 0;
  std::int64_t epoch = 0;
  Time started_at{};
  std::optional<Time> ended_at;
  AttemptOutcome outcome = AttemptOutcome::running;
  std::string error;

  static constexpr auto fields() {
    return std::tuple{
        field("attempt", &AttemptView::attempt, "Its number, from 1"),
        field("epoch", &AttemptView::epoch, "Epoch of the engine that started it"),
        field("started_at", &AttemptView::started_at, "Its start"),
        field("ended_at", &AttemptView::ended_at, "Its end; null while it runs"),
        field(
            "duration_s",
            [](const AttemptView& v) { return seconds_between(v.started_at, v.ended_at); },
            "Seconds from started_at to ended_at"),
        field("outcome", &AttemptView::outcome,
              "How it ended; `retry`: it failed and another follows, `repeat`: it succeeded and "
              "another "
              "iteration follows, `lost`: its engine is gone"),
        field("error", &AttemptView::error, "What went wrong")};
  }
};

}  // namespace millrace::api
