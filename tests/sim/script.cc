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
      step_rng_(seed),
      fault_rng_(seed) {}

bool Script::begin_step(int step) {
  step_ = step;
  call_ = 0;
  step_rng_ = rng_of(seed_, static_cast<std::uint64_t>(step), 1);
  fault_rng_ = rng_of(seed_, static_cast<std::uint64_t>(step), 2);
  return !left_out_.contains({step, -1});
}

StoreFault Script::next_fault(std::string_view call, bool may_be_late) {
  static constexpr std::string_view kTexts[] = {"", ": away", ": done, but the answer is lost",
                                                ": slow", ": no answer; it will be done later"};
  const double p = fault_rng_.uniform();
  const Decision decision{step_, call_++};
  StoreFault fault = StoreFault::none;
  if (p < 0.025)
    fault = StoreFault::before;
  else if (p < 0.05)
    fault = StoreFault::after;
  else if (p < 0.058)
    fault = StoreFault::slow;
  else if (p < 0.075 && may_be_late)
    fault = StoreFault::late;
  if (fault == StoreFault::none || left_out_.contains(decision)) return StoreFault::none;
  if (record_)
    lines_.push_back(
        {decision, std::string(call) + std::string(kTexts[static_cast<std::size_t>(fault)])});
  return fault;
}

}  // namespace millrace::sim
