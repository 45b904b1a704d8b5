// millrace_sim: long hunts, the repetition of one seed, and its shortest script.
#include <CLI/CLI.hpp>
#include <cstdio>

#include "engine/base/clock.h"
#include "engine/base/log.h"
#include "tests/sim/mix.h"
#include "tests/sim/shrink.h"

using namespace millrace;

namespace {

using Seed = unsigned long long;

void print(Seed seed, const sim::Verdict& v) {
  const sim::Chaos& c = v.chaos;
  std::printf("seed %llu: %s\n", seed, v.violation.empty() ? "ok" : v.violation.c_str());
  std::printf("  faults drawn: %s\n", sim::to_string(sim::draw_mix(seed)).c_str());
  std::printf("  %d runs, %d tasks, %d attempts, %d effects, %d events, %d late results refused\n",
              v.tally.runs, v.tally.tasks, v.tally.attempts, v.tally.effects, v.tally.events,
              v.tally.rejected);
  std::printf(
      "  %d crashes, %d takeovers, %d resignations, %d freezes, %d dead runners, %d clock jumps\n",
      c.crashes, c.takeovers, c.resignations, c.freezes, c.runner_deaths, c.clock_jumps);
  std::printf("  %d store faults (%d slow, %d late)\n", c.store_faults, c.slow_calls,
              c.late_appends);
}

void print_script(const std::vector<sim::Line>& script) {
  for (const auto& line : script)
    std::printf("  %s%4d  %s\n", line.decision.call < 0 ? "step " : "     ", line.decision.step,
                line.text.c_str());
}

int repeat(Seed seed, bool shorten, bool show_journal) {
  auto verdict = sim::simulate({.seed = seed, .record = true});
  const bool holds = verdict.violation.empty();
  if (shorten && !holds) {
    const auto shrunk = sim::shrink({.seed = seed});
    std::printf("the shortest script that breaks it, found in %d tries:\n", shrunk.tries);
    verdict = shrunk.verdict;
    print_script(verdict.script);
  }
  print(seed, verdict);
  if (show_journal)
    for (const auto& event : verdict.journal) std::printf("%s\n", event.c_str());
  return holds ? 0 : 1;
}

/// Stops at `minutes`, if any, or else after `seeds`.
int hunt(Seed first, Seed seeds, double minutes) {
  const SystemClock clock;
  const auto begin = clock.steady();
  const auto elapsed = [&] {
    return std::chrono::duration<double>(clock.steady() - begin).count();
  };
  long long faults = 0, runs = 0, tasks = 0;
  Seed done = 0;
  for (; minutes > 0 ? elapsed() < minutes * 60 : done < seeds; ++done) {
    const auto verdict = sim::simulate({.seed = first + done});
    const auto& c = verdict.chaos;
    faults +=
        c.store_faults + c.crashes + c.resignations + c.freezes + c.runner_deaths + c.clock_jumps;
    runs += verdict.tally.runs;
    tasks += verdict.tally.tasks;
    if (!verdict.violation.empty()) {
      print(first + done, verdict);
      std::printf("shorten it with: ./run sim --seed %llu --shrink\n", first + done);
      return 1;
    }
    if (done % 1000 == 999) {
      std::printf("%llu seeds hold, %.0f a second\n", done + 1,
                  static_cast<double>(done + 1) / elapsed());
      std::fflush(stdout);
    }
  }
  std::printf("%llu seeds hold: %lld faults injected, %lld runs and %lld tasks completed\n", done,
              faults, runs, tasks);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Seed seeds = 10'000, first = 1, seed = 1;
  double minutes = 0;
  bool verbose = false, shorten = false, show_journal = false;
  CLI::App app{"Simulates engines on a fake clock and a failing store, by seed."};
  app.add_option("--seeds", seeds, "How many seeds")->capture_default_str();
  app.add_option("--first", first, "The first of them")->capture_default_str();
  app.add_option("--minutes", minutes, "For so long instead, however many seeds that are");
  const auto* one = app.add_option("--seed", seed, "One seed alone, to repeat what it showed");
  app.add_flag("--shrink", shorten, "Print the shortest script that breaks it")->needs("--seed");
  app.add_flag("--journal", show_journal, "Print every event of it")->needs("--seed");
  app.add_flag("--verbose", verbose, "Show what the engines log");
  CLI11_PARSE(app, argc, argv);
  // Stores fail all the time here, on purpose: even what engines call an error is no news.
  if (!verbose) log::configure(log::Severity::error, log::Format::text);
  return one->count() > 0 ? repeat(seed, shorten, show_journal) : hunt(first, seeds, minutes);
}
