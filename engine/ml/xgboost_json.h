// Reads XGBoost's JSON model (schema of XGBoost 1.7, doc/model.schema) into a TreeEnsemble.
//
// Boosters gbtree and dart with one output and numerical splits; the objectives in the table of
// xgboost_json.cc. Everything is checked: lengths, indices, cycles, depth, finite floats. Nodes
// that pruning left without a parent are dropped. Private to this module.
#pragma once

#include <string>
#include <vector>

#include "engine/base/json.h"
#include "engine/ml/tree_ensemble.h"

namespace millrace::ml {

struct XgboostModel {
  TreeEnsemble ensemble;
  Objective objective = Objective::regression;
  std::vector<std::string> feature_names;  // f0, f1, … where the file has none
};

/// `document` has the members "learner" and "version".
Result<XgboostModel> read_xgboost_json(const Json& document);

}  // namespace millrace::ml
