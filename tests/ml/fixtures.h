// Rows for the tests, made by a generator that any language can repeat.
#pragma once

#include <cmath>
#include <cstdint>

#include "engine/ml/dataset.h"

namespace millrace::ml {

/// Knuth's MMIX linear congruential generator; the high 53 bits, in [0, 1).
class Lcg {
 public:
  explicit Lcg(std::uint64_t seed) : state_(seed) {}
  double next() {
    state_ = state_ * 6364136223846793005u + 1442695040888963407u;
    return static_cast<double>(state_ >> 11) * 0x1.0p-53;
  }

 private:
  std::uint64_t state_;
};

/// Three features, two with missing values; a noisy binary label and a noisy linear target.
struct Rows {
  Dataset binary;
  Dataset regression;
  std::vector<double> weights;
};

inline Rows make_rows(std::size_t count, std::uint64_t seed = 42) {
  Lcg lcg(seed);
  Rows out;
  out.binary.feature_names = {"a", "b", "c"};
  out.binary.features = Matrix(count, 3);
  out.regression.feature_names = out.binary.feature_names;
  for (std::size_t i = 0; i < count; ++i) {
    const double a = lcg.next(), b = lcg.next(), c = lcg.next(), u = lcg.next(), v = lcg.next();
    auto row = out.binary.features.row(i);
    row[0] = a * 10 - 5;
    row[1] = b * b * 100;
    row[2] = c;
    const double margin = 0.6 * row[0] - 0.03 * row[1] + 2 * c - 0.5;
    out.binary.labels.push_back(u < 1 / (1 + std::exp(-margin)) ? 1 : 0);
    out.regression.labels.push_back(3 + 2 * row[0] - 0.1 * row[1] + 5 * c + (v - .5));
    out.weights.push_back(0.5 + v);
    if (i % 7 == 0) row[1] = kMissing;
    if (i % 11 == 3) row[2] = kMissing;
  }
  out.regression.features = out.binary.features;
  return out;
}

}  // namespace millrace::ml
