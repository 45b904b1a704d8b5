#include "tests/sim/script.h"

#include <utility>

namespace millrace::sim {

Rng rng_of(std::uint64_t seed, std::uint64_t a, std::uint64_t b) {
  std::uint64_t mixed = seed * 0x9e3779b97f4a7c15;
  mixed = (mixed ^ (mixed >> 29) ^ a) * 0xbf58476d1ce4e5b9;
  mixed = (mixed ^ (mixed >> 32) ^ b) * 0x94d049bb133111eb;
  return Rng(mixed ^ (mixed >> 31));
}

Script::Script(std::uint64_t seed, std::set<Decision> left_out, bool record)
    : seed_(seed),
      left_out_(std::move(left_out)),
      record_(record),
      mix_(draw_mix(seed)),
      step_rng_(seed),
      fault_rng_(seed) {}

bool Script::begin_step(int step) {
  step_ = step;
  call_ = 0;
  step_rng_ = rng_of(seed_, static_cast<std::uint64_t>(step), 1);
  fault_rng_ = rng_of(seed_, static_cast<std::uint64_t>(step), 2);
  return !left_out_.contains({step, -1});
}

std::optional<Happening> Script::draw_happening() {
  double p = step_rng_.uniform();
  for (std::size_t i = 0; i < kHappenings; ++i) {
    if (p < mix_.steps[i]) return static_cast<Happening>(i);
    p -= mix_.steps[i];
  }
  return std::nullopt;
}

StoreFault Script::next_fault(std::string_view call, bool may_be_late) {
  static constexpr std::string_view kTexts[] = {"", ": away", ": done, but the answer is lost",
                                                ": slow", ": no answer; it will be done later"};
  double p = fault_rng_.uniform();
  const Decision decision{step_, call_++};
  StoreFault fault = StoreFault::none;
  for (std::size_t i = 1; i < kStoreFaults && fault == StoreFault::none; ++i) {
    if (p >= 0 && p < mix_.store[i]) fault = static_cast<StoreFault>(i);
    p -= mix_.store[i];
  }
  if (fault == StoreFault::late && !may_be_late) return StoreFault::none;
  if (fault == StoreFault::none || left_out_.contains(decision)) return StoreFault::none;
  if (record_)
    lines_.push_back(
        {decision, std::string(call) + std::string(kTexts[static_cast<std::size_t>(fault)])});
  return fault;
}

}  // namespace millrace::sim
