// A small table to learn from, for the tests that ship models.
#pragma once

#include <cstdint>
#include <string>

namespace millrace::e2e {

/// 4,000 flights of a made-up airline whose evening flights are late more often.
inline std::string flights_table() {
  std::string csv = "hour,distance,delay_mean,late\n";
  std::uint32_t state = 1;
  const auto draw = [&](std::uint32_t below) {
    state = state * 1664525u + 1013904223u;  // Numerical Recipes' generator
    return (state >> 8) % below;
  };
  for (int row = 0; row < 4000; ++row) {
    const auto hour = draw(24), distance = 100 + draw(2400), delay = draw(60);
    const bool late = draw(100) < 5 + 2 * hour + delay / 2;
    csv += std::to_string(hour) + "," + std::to_string(distance) + "," + std::to_string(delay) +
           "," + (late ? "1" : "0") + "\n";
  }
  return csv;
}

}  // namespace millrace::e2e
