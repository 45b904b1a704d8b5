#include "tests/sim/users.h"

#include "engine/store/command.h"
#include "tests/sim/dags.h"

namespace millrace::sim {
namespace {

constexpr std::uint64_t kKeys = 20;

}  // namespace

/// A new backfill of the last hours, or a change of one that a user has asked for.
Command Users::draw_backfill_command(const SimClock& clock, Script& script) {
  Rng& rng = script.rng();
  const Origin user{"user", "simulated"};
  const double p = rng.uniform();
  if (p < 0.5 && !backfills_.empty()) {
    const auto& [backfill, name_space] = backfills_[rng.below(backfills_.size())];
    const Caller owner(name_space, user);
    if (p < 0.15) return make_command(CancelBackfill{backfill}, owner);
    return make_command(PauseBackfill{backfill, p < 0.32}, owner);
  }
  const DagKey dag = dag_key(rng.below(kDags));
  const auto ago = [&](std::uint64_t most) {
    return format_rfc3339(clock.now() - std::chrono::minutes{1 + rng.below(most)});
  };
  CreateBackfill request{.dag = dag.name};
  if (rng.below(3) == 0) {
    for (std::uint64_t i = 0, n = 1 + rng.below(4); i < n; ++i) request.dates.push_back(ago(30));
  } else {
    request.from = ago(180);
    request.to = ago(20);
  }
  request.order = static_cast<BackfillOrder>(rng.below(2));
  request.max_active_runs = 1 + static_cast<int>(rng.below(3));
  request.reprocess = static_cast<Reprocess>(rng.below(3));
  return make_command(request, {dag.namespace_, user});
}

Command Users::draw_command(const SimClock& clock, Script& script, oracle::Expectations& promised) {
  Rng& rng = script.rng();
  const Origin user{"user", "simulated"};
  Command command;
  const Uuid id = Uuid::v7(clock.now(), rng);
  const double p = rng.uniform();
  const auto number = rng.below(kKeys);
  const DagKey dag = dag_key(number);
  const Caller caller(dag.namespace_, user);
  if (p < 0.1) {
    command = draw_backfill_command(clock, script);
  } else if (p < 0.6 || triggered_.empty()) {
    command = make_command(TriggerRun{.dag = dag.name}, caller);
    command.idempotency_key = "key" + std::to_string(number);
    // A trigger without a run of its own names it by its id.
    promised.runs_by_key[command.idempotency_key].insert(id);
  } else if (p < 0.9) {
    const auto& [run, name_space] = triggered_[rng.below(triggered_.size())];
    const Caller owner(name_space, user);
    command =
        p < 0.75 ? make_command(CancelRun{run}, owner) : make_command(RetryRun{.run = run}, owner);
  } else if (p < 0.94) {
    command = make_command(PauseDag{dag.name, rng.below(2) == 0}, caller);
  } else if (p < 0.95) {
    command = make_command(ResetSchedule{dag.name}, caller);
  } else if (p < 0.97) {
    command = make_command(PublishEvent{"deployment/m", Json::object()}, caller);
  } else {
    command = make_command(RollbackModel{"m", "a user says so"}, caller);
  }
  command.id = id;
  command.created_at = clock.now();
  return command;
}

void Users::act(Inbox& inbox, const SimClock& clock, Script& script,
                oracle::Expectations& promised) {
  Command command;
  if (!unsure_.empty() && script.chance(0.5)) {
    command = unsure_.back();
    unsure_.pop_back();
    script.note([&] { return "a user asks again for " + command.kind; });
  } else {
    command = draw_command(clock, script, promised);
    script.note([&] { return "a user asks for " + command.kind + " " + command.body.dump(); });
  }
  send(std::move(command), inbox, promised);
}

void Users::decide(const HeldTask& held, Inbox& inbox, const SimClock& clock, Script& script,
                   oracle::Expectations& promised) {
  const Caller caller(held.namespace_, Origin{"user", "simulated"});
  const std::optional<int> item = held.map_index < 0 ? std::nullopt : std::optional(held.map_index);
  Command command = script.chance(0.5)
                        ? make_command(ResumeTask{held.run, held.task, item, {}}, caller)
                        : make_command(FailHeldTask{held.run, held.task, item}, caller);
  command.id = Uuid::v7(clock.now(), script.rng());
  command.created_at = clock.now();
  script.note([&] { return "a user decides: " + command.kind + " " + command.body.dump(); });
  send(std::move(command), inbox, promised);
}

void Users::send(Command command, Inbox& inbox, oracle::Expectations& promised) {
  const auto stored = inbox.submit(command);
  if (!stored) {
    if (stored.error().transient()) unsure_.push_back(command);
    return;
  }
  promised.commands.push_back(stored->id);
  if (stored->id == command.id && command.kind == TriggerRun::kind)
    triggered_.emplace_back(command.id, command.namespace_);
  if (stored->id == command.id && command.kind == CreateBackfill::kind)
    backfills_.emplace_back(command.id, command.namespace_);
}

}  // namespace millrace::sim
