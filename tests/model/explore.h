// Explores every state that a model can come to, breadth first, so that the first wrong state has
// the shortest way there.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "tests/model/rules.h"

namespace millrace::model {

struct Findings {
  std::size_t states = 0, moves = 0;
  bool complete = false;  // nothing was left out
  Invariant broken = Invariant::none;
  std::vector<std::string> trace;  // the shortest way to it

  /// "… states, … moves: every invariant holds", or the counterexample step by step.
  std::string text() const;
};

Findings explore(const Rules& rules, const Bounds& bounds);

}  // namespace millrace::model
