#include "bench/core.h"

#include <functional>
#include <string>

#include "bench/floor.h"
#include "bench/rig.h"

namespace millrace::bench {
namespace {

constexpr int kChain = 100, kLight = 10'000, kPooled = 1'000, kCommands = 1'000, kFan = 500;

std::string loose_tasks(const std::string& dag, int count, const std::string& task) {
  std::string yaml = "dag: " + dag + "\ntasks:\n";
  for (int i = 0; i < count; ++i) yaml += "  t" + std::to_string(i) + ": {" + task + "}\n";
  return yaml;
}

std::string chain(int length) {
  std::string yaml = "dag: chain\ntasks:\n  t0: {operator: noop}\n";
  for (int i = 1; i < length; ++i)
    yaml += "  t" + std::to_string(i) + ": {operator: noop, needs: t" + std::to_string(i - 1) +
            "}\n";
  return yaml;
}

/// One task, `width` that need it, one that needs them all.
std::string fan(int width) {
  std::string yaml = "dag: fan\ntasks:\n  first: {operator: noop}\n", all;
  for (int i = 0; i < width; ++i) {
    const std::string id = "t" + std::to_string(i);
    yaml += "  " + id + ": {operator: noop, needs: first}\n";
    all += (i == 0 ? "" : ", ") + id;
  }
  return yaml + "  last: {operator: noop, needs: [" + all + "]}\n";
}

Result<double> median_seconds(Rig& rig, const std::string& dag, int tasks, int repeats) {
  MR_CHECK(rig.time_run(dag, static_cast<std::size_t>(tasks)));  // warms caches and runners
  std::vector<double> samples;
  for (int i = 0; i < repeats; ++i) {
    MR_TRY(const double seconds, rig.time_run(dag, static_cast<std::size_t>(tasks)));
    samples.push_back(seconds);
  }
  return median(std::move(samples));
}

}  // namespace

Status run_core(Report& report, const std::filesystem::path& state, int repeats) {
  constexpr int kWorkers = 4;
  MR_TRY(const auto rig, Rig::start(state, kWorkers));
  MR_CHECK(rig->put_dag(chain(kChain)));
  MR_CHECK(rig->put_dag(loose_tasks("light", kLight, "operator: noop")));
  MR_CHECK(rig->put_dag(loose_tasks("pooled", kPooled, "operator: pooled")));
  MR_CHECK(rig->put_dag(
      loose_tasks("commands", kCommands, "operator: command, with: {argv: [/bin/true]}")));
  MR_CHECK(rig->put_dag(fan(kFan)));

  const auto add = [&](std::string metric, double value, std::string unit,
                       std::optional<double> floor, std::string goal, bool reached) {
    report.add({"core", std::move(metric), value, std::move(unit), floor, std::move(goal), reached});
  };
  MR_TRY(const double commit, commit_ms(rig->dsn()));
  add("core.commit_ms", commit, "ms", std::nullopt, "", true);
  MR_TRY(const double spawns, spawns_per_s());
  add("core.spawn_per_s", spawns, "1/s", std::nullopt, "", true);

  MR_TRY(const double chain_s, median_seconds(*rig, "chain", kChain, repeats));
  const double step_ms = chain_s * 1e3 / kChain;
  add("core.chain_step_ms", step_ms, "ms", commit, "<= 3 x commit", step_ms <= 3 * commit);
  MR_TRY(const double light_s, median_seconds(*rig, "light", kLight, repeats));
  add("core.light_per_s", kLight / light_s, "1/s", 1e3 / commit, ">= 20000/s",
      kLight / light_s >= 20'000);
  MR_TRY(const double pooled_s, median_seconds(*rig, "pooled", kPooled, repeats));
  add("core.pooled_per_s", kPooled / pooled_s, "1/s", spawns, ">= 5000/s",
      kPooled / pooled_s >= 5'000);
  MR_TRY(const double commands_s, median_seconds(*rig, "commands", kCommands, repeats));
  add("core.command_per_s", kCommands / commands_s, "1/s", spawns, ">= 0.8 x spawn rate",
      kCommands / commands_s >= 0.8 * spawns);
  MR_TRY(const double fan_s, median_seconds(*rig, "fan", kFan + 2, repeats));
  add("core.fanout_per_s", (kFan + 2) / fan_s, "1/s", 1e3 / commit, "", true);
  return {};
}

}  // namespace millrace::bench
