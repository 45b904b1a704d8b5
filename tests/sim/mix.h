// Mix: how often each fault happens in one world. Every seed draws a mix of its own, so that one
// world knows only crashes, another only a slow store, and a third everything at once: rare
// combinations come up that an even mix would hide ("Swarm Testing", Groce et al., ISSTA 2012).
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

namespace millrace::sim {

/// What a step may do, besides driving an engine.
enum class Happening : std::uint8_t {
  crash,
  resignation,
  freeze,
  runner_death,
  clock_jump,
  deployment,
  removal,
  user,
  late_append,
  pause,
};

constexpr std::array<std::string_view, 10> names_of(Happening) {
  return {"crash",      "resignation", "freeze", "runner_death", "clock_jump",
          "deployment", "removal",     "user",   "late_append",  "pause"};
}
inline constexpr std::size_t kHappenings = names_of(Happening{}).size();

/// Faults of one call of the store.
enum class StoreFault : std::uint8_t { none, before, after, slow, late };

constexpr std::array<std::string_view, 5> names_of(StoreFault) {
  return {"none", "before", "after", "slow", "late"};
}
inline constexpr std::size_t kStoreFaults = names_of(StoreFault{}).size();

/// Probabilities. What is left over drives an engine, or is a sound call.
struct Mix {
  std::array<double, kHappenings> steps{};   // by Happening
  std::array<double, kStoreFaults> store{};  // by StoreFault; that of `none` is not looked at
};

/// The same for the same seed. A third of the faults is absent, and the others are between a
/// quarter and four times as frequent as on average. Users and time are always there.
Mix draw_mix(std::uint64_t seed);

/// "crash 1.5 %, freeze 4 %, …; store: before 2.5 %, …"
std::string to_string(const Mix& mix);

}  // namespace millrace::sim
