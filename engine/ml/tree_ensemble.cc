#include "engine/ml/tree_ensemble.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

namespace millrace::ml {
namespace {

/// XGBoost's own formula (common/math.h, Sigmoid), in float.
float float_logistic(float margin) {
  constexpr float kEps = 1e-16f;
  return 1.0f / (std::exp(std::min(-margin, 88.7f)) + 1.0f + kEps);
}

/// In here a leaf is its own child, so that a walk of fixed length needs no test for the end.
class Trees final : public Predictor {
 public:
  explicit Trees(TreeEnsemble ensemble) : e_(std::move(ensemble)), outputs_(e_.nodes.size()) {
    std::vector<int> depth(e_.nodes.size());
    std::size_t tree = 0;
    for (std::uint32_t at = 0; at < e_.nodes.size(); ++at) {  // parents come before children
      auto& node = e_.nodes[at];
      if (tree < e_.roots.size() && e_.roots[tree] == at) ++tree;
      depths_.resize(tree);
      depths_.back() = std::max(depths_.back(), depth[at]);
      if (node.left != 0) {
        depth[node.left] = depth[node.left + 1] = depth[at] + 1;
        continue;
      }
      outputs_[at] = node.value;
      node = {.value = kNever, .feature = 0, .missing_left = 1, .left = at};
    }
  }

  double predict_row(std::span<const double> row) const override {
    std::array<float, 256> near;
    std::vector<float> far(row.size() > near.size() ? row.size() : 0);
    float* values = far.empty() ? near.data() : far.data();
    std::ranges::transform(row, values, [](double x) { return static_cast<float>(x); });
    float margin = e_.base_margin;
    for (const auto root : e_.roots) margin += walk(root, values);
    return link(margin);
  }

  /// Tree by tree over a block of rows, so that a tree stays in the cache while it works.
  void predict(const Matrix& rows, std::span<double> out) const override {
    const std::size_t columns = rows.columns();
    std::vector<float> values(kBlock * columns);
    std::array<float, kBlock> margins{};
    for (std::size_t first = 0; first < rows.rows(); first += kBlock) {
      const std::size_t count = std::min(kBlock, rows.rows() - first);
      const auto from = std::span(rows.values()).subspan(first * columns, count * columns);
      std::ranges::transform(from, values.begin(), [](double x) { return static_cast<float>(x); });
      margins.fill(e_.base_margin);
      for (std::size_t tree = 0; tree < e_.roots.size(); ++tree)
        add_tree(tree, values.data(), columns, std::span(margins).first(count));
      for (std::size_t r = 0; r < count; ++r) out[first + r] = link(margins[r]);
    }
  }

  std::vector<double> importance() const override { return e_.gains; }

 private:
  static constexpr std::size_t kBlock = 64;  // rows
  static constexpr std::size_t kLanes = 8;   // rows that walk abreast, to hide the loads' latency
  static constexpr int kAbreastDepth = 16;   // a deeper tree is too uneven for walks of one length
  static constexpr float kNever = std::numeric_limits<float>::quiet_NaN();  // x >= kNever: false

  /// The index of the child that x goes to; a missing x goes to its own side. No branch.
  static std::uint32_t child(const TreeNode& node, float x) {
    const unsigned missing_right = 1u - node.missing_left;
    return node.left + (unsigned{x >= node.value} | (unsigned{x != x} & missing_right));
  }

  float walk(std::uint32_t at, const float* row) const {
    for (;;) {
      const TreeNode& node = e_.nodes[at];
      if (node.left == at) return outputs_[at];
      at = child(node, row[node.feature]);
    }
  }

  /// Adds one tree's output to the margin of each row.
  void add_tree(std::size_t tree, const float* rows, std::size_t columns,
                std::span<float> margins) const {
    const std::uint32_t root = e_.roots[tree];
    std::size_t r = 0;
    if (depths_[tree] <= kAbreastDepth)
      for (; r + kLanes <= margins.size(); r += kLanes)
        walk_abreast(root, depths_[tree], rows + r * columns, columns, &margins[r]);
    for (; r < margins.size(); ++r) margins[r] += walk(root, rows + r * columns);
  }

  void walk_abreast(std::uint32_t root, int depth, const float* rows, std::size_t columns,
                    float* margins) const {
    std::array<std::uint32_t, kLanes> at;
    at.fill(root);
    for (int level = 0; level < depth; ++level)
      for (std::size_t k = 0; k < kLanes; ++k) {
        const TreeNode& node = e_.nodes[at[k]];
        at[k] = child(node, rows[k * columns + node.feature]);
      }
    for (std::size_t k = 0; k < kLanes; ++k) margins[k] += outputs_[at[k]];
  }

  double link(float margin) const {
    switch (e_.link) {
      case Link::logistic:
        return float_logistic(margin);
      case Link::exponential:
        return std::exp(margin);
      case Link::identity:
        break;
    }
    return margin;
  }

  TreeEnsemble e_;
  std::vector<float> outputs_;  // of the leaves, by node
  std::vector<int> depths_;     // by tree
};

}  // namespace

std::unique_ptr<const Predictor> make_tree_predictor(TreeEnsemble ensemble) {
  return std::make_unique<Trees>(std::move(ensemble));
}

}  // namespace millrace::ml
