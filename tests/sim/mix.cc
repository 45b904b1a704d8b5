#include "tests/sim/mix.h"

#include <cmath>
#include <cstdio>
#include <numeric>

#include "tests/sim/script.h"

namespace millrace::sim {
namespace {

/// How often each happens on average over many seeds, in the order of its enumeration.
constexpr std::array<double, kHappenings> kUsualSteps = {0.015, 0.005, 0.02, 0.015, 0.005,
                                                         0.006, 0.004, 0.07, 0.03,  0.28};
constexpr std::array<double, kStoreFaults> kUsualStore = {0, 0.025, 0.025, 0.008, 0.017};

/// Without these a world stands still, or has nothing to lose.
bool is_always_there(std::size_t step) {
  const auto happening = static_cast<Happening>(step);
  return happening == Happening::user || happening == Happening::pause ||
         happening == Happening::late_append;  // delivers what a fault of the store held up
}

double draw(double usual, bool always, Rng& rng) {
  if (!always && rng.below(3) == 0) return 0;
  constexpr double kMostTimes = 4;
  // Even in the exponent, so that rarer and more frequent are equally likely.
  return usual * std::pow(kMostTimes, 2 * rng.uniform() - 1);
}

void append(std::string& out, std::string_view name, double share) {
  if (share <= 0) return;
  char text[64];
  std::snprintf(text, sizeof text, "%s%.*s %.1f %%", out.empty() || out.back() == ' ' ? "" : ", ",
                static_cast<int>(name.size()), name.data(), 100 * share);
  out += text;
}

}  // namespace

Mix draw_mix(std::uint64_t seed) {
  Mix mix;
  Rng rng = rng_of(seed, 0, 3);
  for (std::size_t i = 0; i < kHappenings; ++i)
    mix.steps[i] = draw(kUsualSteps[i], is_always_there(i), rng);
  for (std::size_t i = 1; i < kStoreFaults; ++i) mix.store[i] = draw(kUsualStore[i], false, rng);
  // Engines get at least a third of the steps.
  const double sum = std::accumulate(mix.steps.begin(), mix.steps.end(), 0.0);
  constexpr double kMost = 2.0 / 3;
  if (sum > kMost)
    for (double& share : mix.steps) share *= kMost / sum;
  return mix;
}

std::string to_string(const Mix& mix) {
  std::string out, store = "store: ";
  for (std::size_t i = 0; i < kHappenings; ++i) append(out, names_of(Happening{})[i], mix.steps[i]);
  for (std::size_t i = 1; i < kStoreFaults; ++i)
    append(store, names_of(StoreFault{})[i], mix.store[i]);
  return out + "; " + (store == "store: " ? "sound store" : store);
}

}  // namespace millrace::sim
