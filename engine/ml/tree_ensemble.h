// TreeEnsemble: boosted regression trees, flattened for a fast walk.
//
// All nodes of all trees are in one array; the two children of a node are neighbours, so a node
// is 12 bytes and a step is one comparison without a branch. Arithmetic is XGBoost's: features and
// sums are float, trees are added in order, the test is `x < threshold`. Private to this module;
// immutable, thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "engine/ml/predictor.h"

namespace millrace::ml {

/// How the sum of leaves becomes the prediction.
enum class Link { identity, logistic, exponential };

struct TreeNode {
  float value = 0;  // threshold of a split, output of a leaf
  std::uint32_t feature : 31 = 0;
  std::uint32_t missing_left : 1 = 0;  // where a missing value goes
  std::uint32_t left = 0;              // index of the left child, right is next to it; 0: a leaf
};

struct TreeEnsemble {
  std::vector<TreeNode> nodes;
  std::vector<std::uint32_t> roots;  // one a tree
  float base_margin = 0;
  Link link = Link::identity;
  std::vector<double> gains;  // mean gain of the splits, by feature
};

/// REQUIRES: every index is in range, and within a tree each child comes after its parent.
std::unique_ptr<const Predictor> make_tree_predictor(TreeEnsemble ensemble);

}  // namespace millrace::ml
