#include "tests/sim/users.h"

#include "engine/store/command.h"

namespace millrace::sim {
namespace {

constexpr std::uint64_t kKeys = 20;

std::string dag_name(std::uint64_t number) { return "dag" + std::to_string(number % 3); }

}  // namespace

Command Users::draw_command(const SimClock& clock, Script& script, oracle::Expectations& promised) {
  Rng& rng = script.rng();
  Command command;
  command.created_at = clock.now();
  command.id = Uuid::v7(clock.now(), rng);
  command.origin = {"user", "simulated"};
  const double p = rng.uniform();
  const auto dag = rng.below(kKeys);
  if (p < 0.6 || triggered_.empty()) {
    command.kind = command::trigger_run;
    command.idempotency_key = "key" + std::to_string(dag);
    command.body = Json::object({{"dag", dag_name(dag)}});
    // A trigger without a run of its own names it by its id.
    promised.runs_by_key[command.idempotency_key].insert(command.id);
  } else if (p < 0.9) {
    command.kind = p < 0.75 ? command::cancel_run : command::retry_run;
    const Uuid run = triggered_[rng.below(triggered_.size())];
    command.body = Json::object({{"run", run.to_string()}});
  } else if (p < 0.94) {
    command.kind = command::pause_dag;
    command.body = Json::object({{"dag", dag_name(dag)}, {"paused", rng.below(2) == 0}});
  } else if (p < 0.95) {
    command.kind = command::reset_schedule;
    command.body = Json::object({{"dag", dag_name(dag)}});
  } else if (p < 0.97) {
    command.kind = command::publish_event;
    command.body = Json::object({{"name", "deployment/m"}, {"event", Json::object()}});
  } else {
    command.kind = command::rollback_model;
    command.body = Json::object({{"model", "m"}, {"reason", "a user says so"}});
  }
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
  const auto stored = inbox.submit(command);
  if (!stored) {
    if (stored.error().transient()) unsure_.push_back(command);
    return;
  }
  promised.commands.push_back(stored->id);
  if (stored->id == command.id && command.kind == command::trigger_run)
    triggered_.push_back(command.id);
}

}  // namespace millrace::sim
