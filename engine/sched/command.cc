#include "engine/sched/command.h"

#include <array>

#include "engine/base/suggest.h"
#include "engine/core/commands.h"
#include "engine/store/load_run.h"

namespace millrace {
namespace {

/// What a command is carried out with, besides its body.
struct Desk {
  const Command& command;
  Planner& planner;
  Stores stores;
  Time now;
  Caller caller;
};

Result<RunAnswer> carry_out(TriggerRun input, const Desk& desk) {
  if (!input.run) input.run = desk.command.id;
  MR_TRY(const Uuid run, desk.planner.trigger_run(input, desk.caller, desk.now));
  return RunAnswer{run};
}

Result<RunAnswer> carry_out(const CancelRun& input, const Desk& desk) {
  MR_CHECK(desk.planner.cancel_run(input, desk.caller, desk.now));
  return RunAnswer{input.run};
}

Result<CancelTask::Answer> carry_out(const CancelTask& input, const Desk& desk) {
  MR_CHECK(desk.planner.cancel_task(input, desk.caller, desk.now));
  return CancelTask::Answer{input.run, input.task};
}

Result<TaskAnswer> carry_out(const ResumeTask& input, const Desk& desk) {
  MR_CHECK(desk.planner.resume_task(input, desk.caller, desk.now));
  return TaskAnswer{input.run, input.task};
}

Result<TaskAnswer> carry_out(const FailHeldTask& input, const Desk& desk) {
  MR_CHECK(desk.planner.fail_task(input, desk.caller, desk.now));
  return TaskAnswer{input.run, input.task};
}

Result<RunAnswer> carry_out(const RetryRun& input, const Desk& desk) {
  if (desk.planner.find_run(input.run) == nullptr) {
    MR_TRY(Run run, load_run(desk.stores.journal, desk.stores.runs, input.run));
    if (run.dag->key().namespace_ != desk.command.namespace_)
      return not_found("there is no run " + input.run.to_string());
    desk.planner.restore_run(std::move(run));
  }
  MR_CHECK(desk.planner.retry_run(input, desk.caller, desk.now));
  return RunAnswer{input.run};
}

Result<PauseDag::Answer> carry_out(const PauseDag& input, const Desk& desk) {
  MR_CHECK(desk.planner.pause_dag(input, desk.caller, desk.now));
  return PauseDag::Answer{desk.command.namespace_, input.dag, input.paused};
}

Result<ResetSchedule::Answer> carry_out(const ResetSchedule& input, const Desk& desk) {
  MR_CHECK(desk.planner.reset_schedule(input, desk.caller, desk.now));
  return ResetSchedule::Answer{desk.command.namespace_, input.dag, desk.now};
}

Result<CreateBackfill::Answer> carry_out(const CreateBackfill& input, const Desk& desk) {
  MR_TRY(const auto dates, desk.planner.backfill_dates(input, desk.caller, desk.now));
  MR_TRY(auto facts, desk.stores.backfills.facts({desk.command.namespace_, input.dag}, dates));
  return desk.planner.create_backfill(input, desk.command.id, std::move(facts), desk.caller,
                                      desk.now);
}

Result<BackfillAnswer> carry_out(const PauseBackfill& input, const Desk& desk) {
  MR_CHECK(desk.planner.pause_backfill(input, desk.caller, desk.now));
  return BackfillAnswer{input.backfill};
}

Result<BackfillAnswer> carry_out(const CancelBackfill& input, const Desk& desk) {
  MR_CHECK(desk.planner.cancel_backfill(input, desk.caller, desk.now));
  return BackfillAnswer{input.backfill};
}

Result<PublishEvent::Answer> carry_out(const PublishEvent& input, const Desk& desk) {
  return desk.planner.publish_event(input, desk.caller, desk.now);
}

Result<RollbackModel::Answer> carry_out(const RollbackModel& input, const Desk& desk) {
  MR_CHECK(desk.planner.request_effects({input}, desk.caller, desk.now));
  return RollbackModel::Answer{desk.command.namespace_, input.model};
}

Result<ReleaseModel::Answer> carry_out(const ReleaseModel& input, const Desk& desk) {
  MR_CHECK(desk.planner.request_effects({input}, desk.caller, desk.now));
  return ReleaseModel::Answer{desk.command.namespace_, input.model, input.artifact};
}

struct Verb {
  std::string_view kind;
  Result<Json> (*carry_out)(const Desk&);
};

/// Reads the body, and writes the answer as people see it.
template <typename T>
constexpr Verb verb() {
  return {T::kind, [](const Desk& desk) -> Result<Json> {
            MR_TRY(T input, read_record<T>(desk.command.body));
            MR_TRY(const typename T::Answer answer, carry_out(std::move(input), desk));
            return record_json<JsonStyle::shown>(answer);
          }};
}

constexpr std::array kVerbs = {
    verb<TriggerRun>(),    verb<CancelRun>(),      verb<CancelTask>(),   verb<ResumeTask>(),
    verb<FailHeldTask>(),  verb<RetryRun>(),       verb<PauseDag>(),     verb<ResetSchedule>(),
    verb<PublishEvent>(),  verb<RollbackModel>(),  verb<ReleaseModel>(), verb<CreateBackfill>(),
    verb<PauseBackfill>(), verb<CancelBackfill>(),
};

}  // namespace

Result<Json> carry_out(const Command& command, Planner& planner, Stores stores, Time now) {
  std::vector<std::string> kinds;
  for (const auto& verb : kVerbs) {
    if (verb.kind == command.kind)
      return verb.carry_out({command, planner, stores, now, {command.namespace_, command.origin}});
    kinds.emplace_back(verb.kind);
  }
  return invalid_argument("unknown command '" + command.kind + "'" +
                          did_you_mean(command.kind, kinds));
}

}  // namespace millrace
