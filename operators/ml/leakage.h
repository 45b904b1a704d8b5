// Does a feature give the label away? Pure.
//
// A feature that is a copy of the label, or a * label + b, is no evidence of anything: training on
// it gives an AUC of 1 and a model that is useless where the label is not known yet.
#pragma once

#include <string>
#include <vector>

#include "engine/ml/dataset.h"

namespace millrace::operators {

struct Leak {
  std::string feature;
  bool certain = false;  // a copy or an affine map; else only a perfect order or pattern
  std::string text;      // "is 2 * label + 1 in all 800 rows"
};

/// Judged over the rows in which the feature has a value. Certain: at least 10 of them, and of a
/// binary label 5 of each class. Not certain: it separates the classes without an error, has the
/// order of the label, or is missing exactly in the rows of one class; at least 50 rows.
std::vector<Leak> find_leaks(const ml::Dataset& rows, ml::Objective objective);

}  // namespace millrace::operators
