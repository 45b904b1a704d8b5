#include "bench/latency.h"

#include "bench/dags.h"
#include "bench/floor.h"
#include "bench/rig.h"
#include "bench/warm.h"

namespace millrace::bench {
namespace {

constexpr int kSteps = 3, kInARow = 400, kAtOnce = 2'000;

struct LatencyKind {
  std::string name, task;
  int in_a_row;
  bool has_goals;
};

Status measure(Report& report, Rig& rig, const LatencyKind& kind, double commit) {
  const std::string dag = "steps_" + kind.name, metric = "latency." + kind.name;
  MR_CHECK(rig.put_dag(chain(dag, kSteps, kind.task)));
  std::vector<double> samples;
  for (int i = -20; i < kind.in_a_row; ++i) {  // the first ones warm caches and runners
    MR_TRY(const double seconds, rig.time_run(dag, kSteps));
    if (i >= 0) samples.push_back(seconds * 1e3);
  }
  const double p50 = median(samples), p95 = quantile(samples, 0.95) / kSteps;
  report.add(
      {"latency", metric + "_ms", p50, "ms", commit, kind.has_goals ? "<= 2 ms" : "", p50 <= 2});
  report.add({"latency", metric + "_step_p95_ms", p95, "ms", commit,
              kind.has_goals ? "<= 4 x commit" : "", p95 <= 4 * commit});
  report.add({"latency", metric + "_p99_ms", quantile(samples, 0.99), "ms", commit, "", true});
  const std::vector<std::string> many(kAtOnce, dag);
  MR_TRY(const double seconds, rig.time_runs(many, many.size() * kSteps));
  report.add(
      {"latency", metric + "_saturated_per_s", kAtOnce / seconds, "1/s", 1e3 / commit, "", true});
  return {};
}

}  // namespace

Status run_latency(Report& report, const std::filesystem::path& state) {
  constexpr int kWorkers = 4;
  MR_TRY(const auto rig, Rig::start(state, kWorkers));
  MR_TRY(const double commit, commit_ms(rig->dsn()));
  report.add({"latency", "latency.commit_ms", commit, "ms", std::nullopt, "", true});
  MR_TRY(const WarmTasks warm, warm_tasks(state));
  const LatencyKind kinds[] = {
      {"in_process", "operator: noop", kInARow, true},
      {"pooled", "operator: pooled", kInARow, false},
      {"python", warm.python, kInARow, false},
      {"c_worker", warm.c, kInARow, false},
      {"command", "operator: command, with: {argv: [/bin/true]}", 100, false}};
  for (const auto& kind : kinds) MR_CHECK(measure(report, *rig, kind, commit));
  return {};
}

}  // namespace millrace::bench
