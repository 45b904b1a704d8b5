// millrace_sim: long hunts, and the repetition of one seed.
#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdio>

#include "engine/base/clock.h"
#include "engine/base/log.h"
#include "tests/sim/world.h"

using namespace millrace;

namespace {

void print(std::uint64_t seed, const sim::Verdict& v) {
  std::printf(
      "seed %llu: %s (%d runs, %d tasks, %d attempts, %d events, %d crashes, %d takeovers, %d "
      "store faults)\n",
      static_cast<unsigned long long>(seed), v.violation.empty() ? "ok" : v.violation.c_str(),
      v.runs, v.tasks, v.attempts, v.events, v.crashes, v.takeovers, v.store_faults);
}

}  // namespace

int main(int argc, char** argv) {
  std::uint64_t seeds = 10'000, first = 1;
  double minutes = 0;
  CLI::App app{"Simulates engines on a fake clock and a failing store, by seed."};
  app.add_option("--seeds", seeds, "How many seeds, from 1 on")->capture_default_str();
  app.add_option("--minutes", minutes, "For so long instead, however many seeds that are");
  const auto* one = app.add_option("--seed", first, "One seed alone, to repeat what it showed");
  bool verbose = false;
  app.add_flag("--verbose", verbose, "Show what the engines log");
  CLI11_PARSE(app, argc, argv);
  // Stores fail all the time here, on purpose.
  if (!verbose) log::configure(log::Severity::error, log::Format::text);
  if (one->count() > 0) {
    const auto verdict = sim::simulate({.seed = first});
    print(first, verdict);
    return verdict.violation.empty() ? 0 : 1;
  }
  const SystemClock clock;
  const auto begin = clock.steady();
  const auto elapsed = [&] {
    return std::chrono::duration<double>(clock.steady() - begin).count();
  };
  std::uint64_t done = 0;
  for (std::uint64_t seed = first; minutes > 0 ? elapsed() < minutes * 60 : seed < first + seeds;
       ++seed, ++done) {
    const auto verdict = sim::simulate({.seed = seed});
    if (!verdict.violation.empty()) {
      print(seed, verdict);
      std::printf("repeat it with: ./run sim --seed %llu\n", static_cast<unsigned long long>(seed));
      return 1;
    }
    if (done % 1000 == 999)
      std::printf("%llu seeds hold, %.0f a second\n", static_cast<unsigned long long>(done + 1),
                  static_cast<double>(done + 1) / elapsed());
  }
  std::printf("%llu seeds hold\n", static_cast<unsigned long long>(done));
  return 0;
}
