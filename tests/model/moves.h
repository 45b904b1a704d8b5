// Moves: everything that can happen next.
#pragma once

#include <string>
#include <vector>

#include "tests/model/state.h"

namespace millrace::model {

struct Move {
  std::string what;
  State to;
};

/// With `say` false the texts stay empty: they are wanted for a counterexample only.
std::vector<Move> moves_from(const State& state, const Rules& rules, bool say);

}  // namespace millrace::model
