#include "bench/shapes.h"

#include <cmath>

#include "bench/dags.h"
#include "bench/floor.h"
#include "bench/rig.h"
#include "bench/warm.h"

namespace millrace::bench {
namespace {

struct ShapeKind {
  std::string name, task;
  int share;  // a process a task takes its time: so much fewer of them
};

/// Seconds of the DAGs' runs, the median of three, and how many tasks that was.
Status measure(Report& report, Rig& rig, const std::string& metric, double floor,
               const std::vector<std::string>& runs, std::size_t tasks) {
  std::vector<double> seconds;
  for (int i = 0; i < 3; ++i) {
    MR_TRY(const double taken, rig.time_runs(runs, tasks));
    seconds.push_back(taken);
  }
  report.add({"shapes", "shapes." + metric + "_per_s", static_cast<double>(tasks) / median(seconds),
              "1/s", floor, "", true});
  return {};
}

Status measure_all(Report& report, Rig& rig, const ShapeKind& kind, double floor) {
  const auto named = [&](const char* shape) { return std::string(shape) + "_" + kind.name; };
  const auto count = [&](std::size_t n) { return n / static_cast<std::size_t>(kind.share); };
  const auto number = [](std::size_t n) { return static_cast<int>(n); };

  const std::size_t loose = count(1'000);
  MR_CHECK(rig.put_dag(loose_tasks(named("loose"), number(loose), kind.task)));
  MR_CHECK(measure(report, rig, named("loose"), floor, {named("loose")}, loose));
  const std::size_t length = count(100);
  MR_CHECK(rig.put_dag(chain(named("chain"), number(length), kind.task)));
  MR_CHECK(measure(report, rig, named("chain"), floor, {named("chain")}, length));
  const std::size_t width = count(500);
  MR_CHECK(rig.put_dag(fan(named("fan"), number(width), kind.task)));
  MR_CHECK(measure(report, rig, named("fan"), floor, {named("fan")}, width + 2));

  MR_CHECK(rig.put_dag(chain(named("ten"), 10, kind.task)));
  const std::vector<std::string> runs(count(200), named("ten"));
  MR_CHECK(measure(report, rig, named("runs"), floor, runs, runs.size() * 10));
  std::vector<std::string> dags;
  for (std::size_t i = 0; i < count(1'000); ++i) {
    dags.push_back(named("dag") + std::to_string(i));
    MR_CHECK(rig.put_dag(chain(dags.back(), 10, kind.task)));
  }
  return measure(report, rig, named("dags"), floor, dags, dags.size() * 10);
}

}  // namespace

Status run_shapes(Report& report, const std::filesystem::path& state) {
  constexpr int kWorkers = 4;
  MR_TRY(const auto rig, Rig::start(state, kWorkers));
  MR_TRY(const double commit, commit_ms(rig->dsn()));
  report.add({"shapes", "shapes.commit_ms", commit, "ms", std::nullopt, "", true});
  MR_TRY(const double spawns, spawns_per_s());
  report.add({"shapes", "shapes.spawn_per_s", spawns, "1/s", std::nullopt, "", true});
  MR_CHECK(measure_all(report, *rig, {"light", "operator: noop", 1}, 1e3 / commit));
  MR_CHECK(measure_all(report, *rig, {"pooled", "operator: pooled", 1}, spawns));
  MR_TRY(const WarmTasks warm, warm_tasks(state));
  MR_CHECK(measure_all(report, *rig, {"python", warm.python, 1}, 1e3 / commit));
  return measure_all(report, *rig, {"command", "operator: command, with: {argv: [/bin/true]}", 5},
                     spawns);
}

}  // namespace millrace::bench
