#include "bench/throughput.h"

#include "bench/counters.h"
#include "bench/dags.h"
#include "bench/floor.h"
#include "bench/rig.h"

namespace millrace::bench {
namespace {

constexpr double kGoalPerSecond = 50'000, kGoalWalBytes = 300;

struct Shape {
  int runs, tasks;  // of each run
};
constexpr Shape kShapes[] = {{1, 10'000}, {10, 5'000}, {100, 500}, {10'000, 5}};

Status measure(Report& report, Rig& rig, const Shape& shape, double commit) {
  const std::string name = std::to_string(shape.runs) + "_runs", metric = "throughput." + name;
  MR_CHECK(rig.put_dag(loose_tasks(name, shape.tasks, "operator: noop")));
  const std::vector<std::string> runs(static_cast<std::size_t>(shape.runs), name);
  const std::size_t tasks = runs.size() * static_cast<std::size_t>(shape.tasks);
  std::vector<double> rates, wal, cpu;
  for (int i = 0; i < 3; ++i) {
    MR_TRY(const Counters before, counters(rig.dsn()));
    const double cpu_before = cpu_seconds();
    MR_TRY(const double seconds, rig.time_runs(runs, tasks));
    MR_TRY(const Counters after, counters(rig.dsn()));
    const auto n = static_cast<double>(tasks);
    rates.push_back(n / seconds);
    wal.push_back(static_cast<double>(after.wal_bytes - before.wal_bytes) / n);
    cpu.push_back((cpu_seconds() - cpu_before) * 1e6 / n);
  }
  const double rate = median(rates), bytes = median(wal);
  report.add({"throughput", metric + "_per_s", rate, "1/s", 1e3 / commit, ">= 50000/s",
              rate >= kGoalPerSecond});
  report.add({"throughput", metric + "_wal_bytes", bytes, "B", std::nullopt, "<= 300 B a task",
              bytes <= kGoalWalBytes});
  report.add({"throughput", metric + "_cpu_us", median(cpu), "us", std::nullopt, "", true});
  return {};
}

}  // namespace

Status run_throughput(Report& report, const std::filesystem::path& state) {
  constexpr int kWorkers = 4;
  MR_TRY(const auto rig, Rig::start(state, kWorkers));
  MR_TRY(const double commit, commit_ms(rig->dsn()));
  report.add({"throughput", "throughput.commit_ms", commit, "ms", std::nullopt, "", true});
  for (const auto& shape : kShapes) MR_CHECK(measure(report, *rig, shape, commit));
  MR_TRY(const Counters last, counters(rig->dsn()));
  report.add({"throughput", "throughput.dead_rows", static_cast<double>(last.dead_rows), "rows",
              std::nullopt, "", true});
  return {};
}

}  // namespace millrace::bench
