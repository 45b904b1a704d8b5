#include "bench/core.h"

#include <functional>
#include <string>
#include <vector>

#include "bench/dags.h"
#include "bench/floor.h"
#include "bench/rig.h"

namespace millrace::bench {
namespace {

constexpr int kChain = 100, kLight = 10'000, kPooled = 1'000, kCommands = 1'000, kFan = 500;

Result<double> median_seconds(Rig& rig, const std::string& dag, int tasks, int repeats) {
  MR_CHECK(rig.time_run(dag, static_cast<std::size_t>(tasks)));  // warms caches and runners
  std::vector<double> samples;
  for (int i = 0; i < repeats; ++i) {
    MR_TRY(const double seconds, rig.time_run(dag, static_cast<std::size_t>(tasks)));
    samples.push_back(seconds);
  }
  return median(std::move(samples));
}

/// One measurement: `count` tasks of `dag`, and what becomes of the seconds they took.
struct Measurement {
  std::string metric, dag, yaml;
  int tasks;
  std::string unit;
  double floor;
  std::string goal;
  std::function<double(double seconds)> value;
  std::function<bool(double value)> reached;
};

std::vector<Measurement> measurements(double commit_ms, double spawns_per_s) {
  const auto rate = [](int tasks) { return [tasks](double seconds) { return tasks / seconds; }; };
  const double commits_per_s = 1e3 / commit_ms;
  return {
      {"core.chain_step_ms", "chain", chain("chain", kChain, "operator: noop"), kChain, "ms",
       commit_ms, "<= 3 x commit", [](double seconds) { return seconds * 1e3 / kChain; },
       [=](double value) { return value <= 3 * commit_ms; }},
      {"core.light_per_s", "light", loose_tasks("light", kLight, "operator: noop"), kLight, "1/s",
       commits_per_s, ">= 20000/s", rate(kLight), [](double value) { return value >= 20'000; }},
      {"core.pooled_per_s", "pooled", loose_tasks("pooled", kPooled, "operator: pooled"), kPooled,
       "1/s", spawns_per_s, ">= 5000/s", rate(kPooled),
       [](double value) { return value >= 5'000; }},
      {"core.command_per_s", "commands",
       loose_tasks("commands", kCommands, "operator: command, with: {argv: [/bin/true]}"),
       kCommands, "1/s", spawns_per_s, ">= 0.8 x spawn rate", rate(kCommands),
       [=](double value) { return value >= 0.8 * spawns_per_s; }},
      {"core.fanout_per_s", "fan", fan("fan", kFan, "operator: noop"), kFan + 2, "1/s",
       commits_per_s, "", rate(kFan + 2), [](double) { return true; }},
  };
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
  for (const auto& each : measurements(commit, spawns)) {
    if (!only.empty() && only != each.metric) continue;
    MR_CHECK(rig->put_dag(each.yaml));
    MR_TRY(const double seconds, median_seconds(*rig, each.dag, each.tasks, repeats));
    const double value = each.value(seconds);
    report.add({"core", each.metric, value, each.unit, each.floor, each.goal, each.reached(value)});
  }
  return {};
}

}  // namespace millrace::bench
