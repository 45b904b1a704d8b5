// What the tests of compare.h share. Private to this module.
#pragma once

#include "engine/ml/compare.h"

namespace millrace::ml {

Status check_options(const CompareOptions& options);

/// estimate / error; 0 where both are 0, else an infinity where the error is 0.
double z_score(double estimate, double error);

/// The comparison of an improvement that is normal around its true value.
Comparison normal_comparison(double baseline, double candidate, double improvement, double error,
                             const CompareOptions& options);

}  // namespace millrace::ml
