// Rates of the runner pool alone, without an engine or a database: exec_throughput [attempts]
// [slots]
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <mutex>

#include "engine/exec/runner_pool.h"
#include "engine/store/mem_store.h"
#include "tests/exec/fake_operators.h"

namespace {

using namespace millrace;

std::vector<StartAttempt> attempts_of(int count, int first, bool light) {
  std::vector<StartAttempt> out;
  for (int i = 0; i < count; ++i) {
    StartAttempt start;
    start.key.ref.task = first + i;
    start.info.task_id = "t";
    start.op = "echo";
    start.timeout = std::chrono::minutes{1};
    if (light) start.executor = kThreadExecutor;
    out.push_back(std::move(start));
  }
  return out;
}

}  // namespace

int main(int argc, char** argv) {
  const int count = argc > 1 ? std::atoi(argv[1]) : 20'000;
  const SystemClock clock;
  MemStore store(clock);
  const Catalog catalog = test::fake_catalog();
  test::NoArtifacts artifacts;
  RunnerPoolConfig config;
  config.argv = {RUNNER_TEST_CHILD};
  config.slots = argc > 2 ? static_cast<std::size_t>(std::atoi(argv[2])) : 8;
  config.work_dir = std::filesystem::temp_directory_path() / "millrace-throughput";

  std::mutex mutex;
  std::condition_variable changed;
  int ended = 0, failed = 0;
  RunnerPool pool(config, {catalog, artifacts, store.stores().logs, clock, {}});
  pool.on_report([&](std::vector<AttemptReport> reports) {
    const std::lock_guard lock(mutex);
    for (const auto& report : reports) {
      const auto* result = std::get_if<AttemptResult>(&report);
      if (result == nullptr) continue;
      failed += result->outcome.ok() ? 0 : 1;
      ++ended;
    }
    changed.notify_all();
  });
  const auto wait_for = [&](int wanted) {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return ended >= wanted; });
  };
  int started = 0;
  const auto measure = [&](const char* name, int amount, bool light) {
    auto attempts = attempts_of(amount, started, light);
    started += amount;
    const auto before = clock.steady();
    pool.start(std::move(attempts));
    wait_for(started);
    const double seconds = std::chrono::duration<double>(clock.steady() - before).count();
    std::printf("%-8s %8d attempts %9.0f /s\n", name, amount, amount / seconds);
  };
  measure("warm-up", 100, false);
  measure("pooled", count, false);
  measure("light", count * 5, true);

  const auto before = clock.steady();
  for (int i = 0; i < 1000; ++i) {
    pool.start(attempts_of(1, started++, false));
    wait_for(started);
  }
  std::printf("one at a time: %.1f us each\n",
              std::chrono::duration<double, std::micro>(clock.steady() - before).count() / 1000);
  return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
