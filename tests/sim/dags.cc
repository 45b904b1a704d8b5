#include "tests/sim/dags.h"

#include <array>
#include <cstdio>
#include <cstdlib>

#include "engine/core/attempt.h"

namespace millrace::sim {
namespace {

bool chance(Rng& rng, double p) { return rng.uniform() < p; }

Json foreach_of(const TaskSpec& task, Rng& rng) {
  if (task.needs.empty() || chance(rng, 0.5)) return Json::array({"a", "b", "c"});
  return "${{ tasks." + task.needs[0] + ".outputs.list }}";
}

std::string condition_of(Rng& rng) {
  static constexpr std::array kConditions = {"always()", "failure()", "success() && 1 == 1",
                                             "1 == 2", "cancelled()"};
  return kConditions[rng.below(kConditions.size())];
}

RetryPolicy retries_of(Rng& rng) {
  RetryPolicy out{.max = static_cast<int>(rng.below(3)), .initial = std::chrono::seconds{1}};
  if (chance(rng, 0.7)) return out;
  out.rules = {{.exit_codes = {75}, .max = 4, .backoff = Backoff::constant},
               {.errors = {"signal", "out_of_memory"}, .max = static_cast<int>(rng.below(2))},
               {.message = "quota", .never = true}};
  return out;
}

/// Over the needs of the task: "t0.failed || !(t1 && t2.ended)".
std::string depends_of(const TaskSpec& task, Rng& rng) {
  static constexpr std::array kStates = {"",         ".success",         ".failed",
                                         ".skipped", ".upstream_failed", ".ended"};
  std::string out;
  for (const std::string& need : task.needs) {
    const std::string term =
        (chance(rng, 0.2) ? "!" : "") + need + kStates[rng.below(kStates.size())];
    if (out.empty())
      out = term;
    else if (chance(rng, 0.2))
      out = "!(" + out + ") && " + term;
    else
      out += (chance(rng, 0.5) ? " && " : " || ") + term;
  }
  return out;
}

/// At most one task of a DAG starts runs. It learns how long the chain of runs is already, and
/// whether a dataset has started it.
void add_starter(DagSpec& spec, Rng& rng) {
  TaskSpec& task = spec.tasks[rng.below(spec.tasks.size())];
  task.op = kStarter;
  task.executor.clear();
  task.with = Json::object({{"depth", "${{ event.depth }}"}, {"dataset", "${{ event.dataset }}"}});
}

}  // namespace

DagKey dag_key(std::uint64_t number) {
  return {number % kDags < 2 ? kDefaultNamespace : "team", number % 2 == 0 ? "dag0" : "dag1"};
}

std::shared_ptr<const Dag> random_dag(const DagKey& key, Rng& rng, Time now, bool deadlines) {
  DagSpec spec;
  spec.id = key.name;
  spec.namespace_ = key.namespace_;
  spec.max_active_runs = 1 + static_cast<int>(rng.below(3));
  if (chance(rng, 0.5)) {
    const char* const line = chance(rng, 0.5) ? "0 * * * *" : "*/10 * * * *";
    spec.schedule = CronSpec{line, "UTC", DstPolicy::run_once};
    spec.overlap = static_cast<Overlap>(rng.below(names_of(Overlap{}).size()));
    spec.catchup = chance(rng, 0.5);
    spec.start = now - std::chrono::hours{3};
    spec.end = now + std::chrono::hours{2};
  }
  if (key.name != kDatasetMaker && chance(rng, 0.6)) spec.datasets = {"data"};
  const auto count = 1 + rng.below(10);
  for (std::uint64_t i = 0; i < count; ++i) {
    TaskSpec task;
    task.id = "t" + std::to_string(i);
    task.op = chance(rng, 0.5) ? "light" : "heavy";
    for (std::uint64_t up = 0; up < i; ++up)
      if (chance(rng, 1.5 / static_cast<double>(i))) task.needs.push_back("t" + std::to_string(up));
    task.retries = retries_of(rng);
    if (chance(rng, 0.15)) task.on_exhausted = OnExhausted::hold;
    task.timeout = deadlines ? Duration{std::chrono::seconds{60}} : std::chrono::hours{100'000};
    task.priority = static_cast<int>(rng.below(3));
    if (chance(rng, 0.2)) {
      task.foreach = foreach_of(task, rng);
      if (chance(rng, 0.5)) task.foreach_max_active = 1 + static_cast<int>(rng.below(2));
    }
    if (chance(rng, 0.2) && i > 0) task.condition = condition_of(rng);
    if (chance(rng, 0.2) && task.condition.empty())
      task.trigger_rule = static_cast<TriggerRule>(rng.below(names_of(TriggerRule{}).size()));
    if (chance(rng, 0.2))
      task.repeat = {.until = "outputs.enough",
                     .max = 1 + static_cast<int>(rng.below(4)),
                     .delay = std::chrono::seconds{rng.below(3) * 20},
                     .on_max = chance(rng, 0.5) ? OnMax::succeed : OnMax::fail};
    task.continue_on_error = chance(rng, 0.1);
    const bool has_few_needs = !task.needs.empty() && task.needs.size() <= 3;
    if (has_few_needs && !task.trigger_rule && chance(rng, 0.25))
      task.depends = depends_of(task, rng);
    else if (!task.needs.empty() && !task.trigger_rule && chance(rng, 0.25))
      task.teardown = {{task.needs[rng.below(task.needs.size())]}, chance(rng, 0.3)};
    if (chance(rng, 0.1)) task.executor = kProcessExecutor;
    spec.tasks.push_back(std::move(task));
  }
  if (chance(rng, 0.4)) add_starter(spec, rng);
  auto dag = Dag::make(std::move(spec));
  if (!dag) {
    std::fprintf(stderr, "the generator made an invalid DAG: %s\n",
                 dag.error().to_string().c_str());
    std::abort();
  }
  return std::make_shared<const Dag>(*std::move(dag));
}

}  // namespace millrace::sim
