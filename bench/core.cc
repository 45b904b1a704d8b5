#include "bench/core.h"

#include <functional>
#include <string>
#include <vector>

#include "bench/dags.h"
#include "bench/floor.h"
#include "bench/rig.h"
#include "bench/warm.h"

namespace millrace::bench {
namespace {

constexpr int kChain = 100, kLight = 10'000, kPooled = 1'000, kCommands = 1'000, kFan = 500,
              kWarm = 5'000;

using Floor = std::function<Result<double>()>;

/// One measurement: `count` tasks of `dag`, and what becomes of the seconds they took.
struct Measurement {
  std::string metric, dag, yaml;
  int tasks;
  std::string unit;
  Floor floor;
  std::string goal;
  std::function<double(double seconds)> value;
  std::function<bool(double value, double floor)> reached;
};

std::vector<Measurement> measurements(const std::string& dsn, const WarmTasks& warm) {
  const auto rate = [](int tasks) { return [tasks](double seconds) { return tasks / seconds; }; };
  const auto at_least = [](double goal) {
    return [goal](double value, double) { return value >= goal; };
  };
  const auto step_ms = [](double seconds) { return seconds * 1e3 / kChain; };
  const auto one_commit_and = [](double more_ms) {
    return [more_ms](double value, double floor) { return value <= floor + more_ms; };
  };
  const Floor commit = [dsn] { return commit_ms(dsn, 50); };
  const Floor commits_per_s = [dsn]() -> Result<double> {
    MR_TRY(const double ms, commit_ms(dsn, 50));
    return 1e3 / ms;
  };
  const Floor spawns = [] { return spawns_per_s(250); };
  return {
      {"core.chain_step_ms", "chain", chain("chain", kChain, "operator: noop"), kChain, "ms",
       commit, "<= 3 x commit", step_ms,
       [](double value, double floor) { return value <= 3 * floor; }},
      {"core.light_per_s", "light", loose_tasks("light", kLight, "operator: noop"), kLight, "1/s",
       commits_per_s, ">= 20000/s", rate(kLight), at_least(20'000)},
      {"core.pooled_per_s", "pooled", loose_tasks("pooled", kPooled, "operator: pooled"), kPooled,
       "1/s", spawns, ">= 5000/s", rate(kPooled), at_least(5'000)},
      {"core.command_per_s", "commands",
       loose_tasks("commands", kCommands, "operator: command, with: {argv: [/bin/true]}"),
       kCommands, "1/s", spawns, ">= 0.8 x spawn rate", rate(kCommands),
       [](double value, double floor) { return value >= 0.8 * floor; }},
      {"core.python_per_s", "python", loose_tasks("python", kWarm, warm.python), kWarm, "1/s",
       commits_per_s, ">= 10000/s", rate(kWarm), at_least(10'000)},
      {"core.python_step_ms", "python_chain", chain("python_chain", kChain, warm.python), kChain,
       "ms", commit, "<= commit + 0.2", step_ms, one_commit_and(0.2)},
      {"core.c_worker_per_s", "c_worker", loose_tasks("c_worker", kWarm, warm.c), kWarm, "1/s",
       commits_per_s, ">= 10000/s", rate(kWarm), at_least(10'000)},
      {"core.c_worker_step_ms", "c_worker_chain", chain("c_worker_chain", kChain, warm.c), kChain,
       "ms", commit, "<= commit + 0.2", step_ms, one_commit_and(0.2)},
      {"core.pooled_step_ms", "pooled_chain", chain("pooled_chain", kChain, "operator: pooled"),
       kChain, "ms", commit, "", step_ms, at_least(0)},
      {"core.fanout_per_s", "fan", fan("fan", kFan, "operator: noop"), kFan + 2, "1/s",
       commits_per_s, "", rate(kFan + 2), at_least(0)},
  };
}

/// The floor is taken between the repeats: what else this machine has to do changes by the second.
Status measure(Report& report, Rig& rig, const Measurement& what, int repeats) {
  MR_CHECK(rig.put_dag(what.yaml));
  const auto tasks = static_cast<std::size_t>(what.tasks);
  MR_CHECK(rig.time_run(what.dag, tasks));  // warms caches and runners
  std::vector<double> seconds, floors;
  for (int i = 0; i < repeats; ++i) {
    MR_TRY(const double floor, what.floor());
    floors.push_back(floor);
    MR_TRY(const double taken, rig.time_run(what.dag, tasks));
    seconds.push_back(taken);
  }
  const double value = what.value(median(std::move(seconds))), floor = median(std::move(floors));
  report.add({"core", what.metric, value, what.unit, floor, what.goal, what.reached(value, floor)});
  return {};
}

}  // namespace

Status run_core(Report& report, const std::filesystem::path& state, int repeats,
                std::string_view only) {
  constexpr int kWorkers = 4;
  MR_TRY(const auto rig, Rig::start(state, kWorkers));
  MR_TRY(const double commit, commit_ms(rig->dsn()));
  report.add({"core", "core.commit_ms", commit, "ms", std::nullopt, "", true});
  MR_TRY(const double spawns, spawns_per_s());
  report.add({"core", "core.spawn_per_s", spawns, "1/s", std::nullopt, "", true});
  MR_TRY(const WarmTasks warm, warm_tasks(state));
  for (const auto& each : measurements(rig->dsn(), warm))
    if (only.empty() || only == each.metric) MR_CHECK(measure(report, *rig, each, repeats));
  return {};
}

}  // namespace millrace::bench
