// Script: what happens in a simulated world, step by step. Each step draws from a stream of its
// own, made of the seed and the step's number, so that a step which is left out changes no other
// draw: a script that breaks a promise can be made shorter until nothing in it is idle.
#pragma once

#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/clock.h"
#include "tests/sim/mix.h"

namespace millrace::sim {

/// A step, or the fault in one call of the store within a step.
struct Decision {
  int step = 0;
  int call = -1;  // -1: the step itself
  friend auto operator<=>(const Decision&, const Decision&) = default;
};

struct Line {
  Decision decision;
  std::string text;
};

class Script {
 public:
  Script(std::uint64_t seed, std::set<Decision> left_out, bool record);

  /// False: the step is left out. The step after the last is where the calm begins.
  bool begin_step(int step);
  /// Draws of the present step.
  Rng& rng() { return step_rng_; }
  bool chance(double p) { return step_rng_.uniform() < p; }
  const Mix& mix() const { return mix_; }
  /// What the present step does; nullopt: it drives an engine.
  std::optional<Happening> draw_happening();
  /// The fault of the next call of the store. `late` only where `may_be_late`.
  StoreFault next_fault(std::string_view call, bool may_be_late);
  /// Says what the present step does; costs nothing unless the script is recorded.
  template <typename Text>
  void note(Text text) {
    if (record_) lines_.push_back({{step_, -1}, text()});
  }
  const std::vector<Line>& lines() const { return lines_; }

 private:
  std::uint64_t seed_;
  std::set<Decision> left_out_;
  bool record_;
  int step_ = -1, call_ = 0;
  const Mix mix_;
  Rng step_rng_, fault_rng_;
  std::vector<Line> lines_;
};

/// A stream of draws that depends on nothing but these numbers.
Rng rng_of(std::uint64_t seed, std::uint64_t a, std::uint64_t b = 0);

}  // namespace millrace::sim
