// Shrinks the script of a world that breaks a promise, until every line in it is needed.
#pragma once

#include "tests/sim/world.h"

namespace millrace::sim {

struct Shrunk {
  Verdict verdict;  // of the short script, which it holds
  std::set<Decision> left_out;
  int tries = 0;
};

/// REQUIRES: simulate(options) breaks a promise. What is left breaks the same one. By halves first
/// and then one by one (Zeller and Hildebrandt's delta debugging); at most `most_tries` worlds.
Shrunk shrink(Options options, int most_tries = 3000);

}  // namespace millrace::sim
