// Commands: what people and other parts of the system ask of the planner. Each is a struct with its
// fields, which are its body in the inbox, and with `Answer`, what its sender gets when the planner
// has not refused it. RollbackModel and ReleaseModel (effect.h) are commands as well as effects.
// The commands about backfills are in backfill.h.
//
// A condition travels in the command, and the planner refuses what does not hold any more: a sender
// that looks first and submits afterwards acts on what may have changed in between.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "engine/base/json.h"
#include "engine/base/record_json.h"
#include "engine/base/time.h"
#include "engine/core/backfill.h"
#include "engine/core/effect.h"
#include "engine/core/events/common.h"
#include "engine/core/names.h"

namespace millrace {

/// Where a command acts, and who asks for it. Names in a command are of this namespace, and a run
/// of another one is not there.
struct Caller {
  Caller() = default;
  Caller(Origin asks) : origin(std::move(asks)) {}  // NOLINT: in `default`
  Caller(std::string_view its_namespace, Origin asks)
      : namespace_(its_namespace), origin(std::move(asks)) {}

  std::string namespace_{kDefaultNamespace};
  Origin origin;
};

/// Names the run that a command made or changed.
struct RunAnswer {
  Uuid run;

  static constexpr auto fields() { return std::tuple{field("run", &RunAnswer::run, "The run")}; }
};

struct TriggerRun {
  static constexpr std::string_view kind = "trigger_run";
  using Answer = RunAnswer;
  std::string dag;
  /// None: the id of the command names the run. With an idempotency key the body must be the same
  /// each time, so it cannot hold an id that is made for each request.
  std::optional<Uuid> run = {};
  Json params = Json::object();
  std::string logical_date = {};
  std::string trace_id = {};

  static constexpr auto fields() {
    return std::tuple{
        field("dag", &TriggerRun::dag, "The DAG's id").not_empty(),
        field("run", &TriggerRun::run, "Id of the new run").optional(),
        field("params", &TriggerRun::params, "Values for the DAG's params").optional(),
        field("logical_date", &TriggerRun::logical_date,
              "The date it stands for; without an offset, in the DAG's time zone")
            .optional(),
        field("trace_id", &TriggerRun::trace_id, "W3C trace id; empty makes a new one").optional()};
  }
};

/// A second one, or a first one with `force`, ends everything at once: tasks that ask about the end
/// themselves, teardowns, and programs without their grace.
struct CancelRun {
  static constexpr std::string_view kind = "cancel_run";
  using Answer = RunAnswer;
  Uuid run;
  bool force = false;

  static constexpr auto fields() {
    return std::tuple{
        field("run", &CancelRun::run, "The run"),
        field("force", &CancelRun::force, "End programs at once, without their kill_grace")
            .optional()};
  }
};

/// Names the task that a command changed.
struct TaskAnswer {
  Uuid run;
  std::string task;

  static constexpr auto fields() {
    return std::tuple{field("run", &TaskAnswer::run, "The run"),
                      field("task", &TaskAnswer::task, "The task's id")};
  }
};

/// Ends one task of a run that goes on; a mapped one with all of its items, or with one of them.
/// A second one ends its programs without their grace.
struct CancelTask {
  static constexpr std::string_view kind = "cancel_task";
  using Answer = TaskAnswer;
  Uuid run;
  std::string task;
  std::optional<int> map_index = {};
  bool force = false;

  static constexpr auto fields() {
    return std::tuple{
        field("run", &CancelTask::run, "The run"),
        field("task", &CancelTask::task, "The task's id").not_empty(),
        field("map_index", &CancelTask::map_index, "One instance of a mapped task; none: all")
            .optional(),
        field("force", &CancelTask::force, "End programs at once, without their kill_grace")
            .optional()};
  }
};

/// Queues a held task again; of a mapped one, all items that are held, or one of them.
struct ResumeTask {
  static constexpr std::string_view kind = "resume_task";
  using Answer = TaskAnswer;
  Uuid run;
  std::string task;
  std::optional<int> map_index = {};
  Json params = {};

  static constexpr auto fields() {
    return std::tuple{
        field("run", &ResumeTask::run, "The run"),
        field("task", &ResumeTask::task, "The task's id").not_empty(),
        field("map_index", &ResumeTask::map_index, "One instance of a mapped task; none: all held")
            .optional(),
        field("params", &ResumeTask::params, "Other values of the run's params, for this task")
            .optional()};
  }
};

/// Fails a held task, with the error for which it is held.
struct FailHeldTask {
  static constexpr std::string_view kind = "fail_task";
  using Answer = TaskAnswer;
  Uuid run;
  std::string task;
  std::optional<int> map_index = {};

  static constexpr auto fields() {
    return std::tuple{field("run", &FailHeldTask::run, "The run"),
                      field("task", &FailHeldTask::task, "The task's id").not_empty(),
                      field("map_index", &FailHeldTask::map_index,
                            "One instance of a mapped task; none: all held")
                          .optional()};
  }
};

/// Clears the tasks and all that is downstream of them; no tasks named: those that failed, were
/// cancelled or never started.
struct RetryRun {
  static constexpr std::string_view kind = "retry_run";
  using Answer = RunAnswer;
  Uuid run;
  std::vector<std::string> tasks = {};

  static constexpr auto fields() {
    return std::tuple{field("run", &RetryRun::run, "The run"),
                      field("tasks", &RetryRun::tasks, "Task ids").optional()};
  }
};

struct PauseDag {
  static constexpr std::string_view kind = "pause_dag";
  struct Answer {
    std::string namespace_{kDefaultNamespace};
    std::string dag;
    bool paused = true;

    static constexpr auto fields() {
      return std::tuple{
          field("namespace", &Answer::namespace_, "The namespace of the DAG").optional(),
          field("dag", &Answer::dag, "The DAG's id"),
          field("paused", &Answer::paused, "Whether it is paused now")};
    }
  };
  std::string dag;
  bool paused = true;

  static constexpr auto fields() {
    return std::tuple{field("dag", &PauseDag::dag, "The DAG's id").not_empty(),
                      field("paused", &PauseDag::paused, "False: unpause").optional()};
  }
};

/// The schedule goes on from now: dates that passed are not made up.
struct ResetSchedule {
  static constexpr std::string_view kind = "reset_schedule";
  struct Answer {
    std::string namespace_{kDefaultNamespace};
    std::string dag;
    Time from{};

    static constexpr auto fields() {
      return std::tuple{
          field("namespace", &Answer::namespace_, "The namespace of the DAG").optional(),
          field("dag", &Answer::dag, "The DAG's id"),
          field("from", &Answer::from, "Only later dates count")};
    }
  };
  std::string dag;

  static constexpr auto fields() {
    return std::tuple{field("dag", &ResetSchedule::dag, "The DAG's id").not_empty()};
  }
};

/// Something happened outside: wakes deferred tasks that wait for `name`, and starts DAGs whose
/// `on:` matches.
struct PublishEvent {
  static constexpr std::string_view kind = "publish_event";
  /// A DAG whose `on:` matches, and why it was not started.
  struct NotStarted {
    std::string dag, reason;

    static constexpr auto fields() {
      return std::tuple{field("dag", &NotStarted::dag, "The DAG's id"),
                        field("reason", &NotStarted::reason, "Why it was not started")};
    }
  };
  struct Answer {
    std::string name;
    std::vector<Uuid> runs;
    std::vector<NotStarted> not_started;

    static constexpr auto fields() {
      return std::tuple{
          field("name", &Answer::name, "The event's type"),
          field("runs", &Answer::runs, "What it started"),
          field("not_started", &Answer::not_started, "DAGs that match and were not started")};
    }
  };
  std::string name;  // e.g. "deployment/flights", or a CloudEvent's type
  Json event = {};
  std::string webhook = {};  // the DAG whose webhook received it, which alone it may start

  static constexpr auto fields() {
    return std::tuple{
        field("name", &PublishEvent::name, "The event's type").not_empty(),
        field("event", &PublishEvent::event, "{id, source, type, subject, time, data}").optional(),
        field("webhook", &PublishEvent::webhook, "The DAG whose webhook received it").optional()};
  }
};

}  // namespace millrace
