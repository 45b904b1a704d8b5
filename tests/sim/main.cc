// millrace_sim [--seeds N] [--minutes N] [--seed S]: long hunts, and the repetition of one seed.
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "engine/base/clock.h"
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
  bool one = false;
  for (int i = 1; i + 1 < argc; i += 2) {
    const std::string_view name = argv[i];
    if (name == "--seeds")
      seeds = std::strtoull(argv[i + 1], nullptr, 10);
    else if (name == "--minutes")
      minutes = std::strtod(argv[i + 1], nullptr);
    else if (name == "--seed")
      first = std::strtoull(argv[i + 1], nullptr, 10), one = true;
    else
      return std::fprintf(stderr, "unknown option %s; use --seeds N, --minutes N or --seed S\n",
                          argv[i]),
             2;
  }
  if (one) {
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
