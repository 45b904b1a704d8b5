#include "engine/ml/tree_ensemble.h"

#include <algorithm>
#include <array>
#include <cmath>

namespace millrace::ml {
namespace {

/// XGBoost's own formula (common/math.h, Sigmoid), in float.
float float_logistic(float margin) {
  constexpr float kEps = 1e-16f;
  return 1.0f / (std::exp(std::min(-margin, 88.7f)) + 1.0f + kEps);
}

class Trees final : public Predictor {
 public:
  explicit Trees(TreeEnsemble ensemble) : e_(std::move(ensemble)) {}

  double predict_row(std::span<const double> row) const override {
    std::array<float, 256> near;
    std::vector<float> far(row.size() > near.size() ? row.size() : 0);
    float* values = far.empty() ? near.data() : far.data();
    std::ranges::transform(row, values, [](double x) { return static_cast<float>(x); });
    float margin = e_.base_margin;
    for (const auto root : e_.roots) margin += leaf(root, values);
    return link(margin);
  }

  /// Tree by tree over a block of rows, so that a tree stays in the cache while it works.
  void predict(const Matrix& rows, std::span<double> out) const override {
    constexpr std::size_t kBlock = 64;
    const std::size_t columns = rows.columns();
    std::vector<float> values(kBlock * columns);
    std::array<float, kBlock> margins{};
    for (std::size_t first = 0; first < rows.rows(); first += kBlock) {
      const std::size_t count = std::min(kBlock, rows.rows() - first);
      const auto from = std::span(rows.values()).subspan(first * columns, count * columns);
      std::ranges::transform(from, values.begin(), [](double x) { return static_cast<float>(x); });
      margins.fill(e_.base_margin);
      for (const auto root : e_.roots)
        for (std::size_t r = 0; r < count; ++r) margins[r] += leaf(root, &values[r * columns]);
      for (std::size_t r = 0; r < count; ++r) out[first + r] = link(margins[r]);
    }
  }

  std::vector<double> importance() const override { return e_.gains; }

 private:
  float leaf(std::uint32_t at, const float* row) const {
    const TreeNode* node = &e_.nodes[at];
    while (node->left != 0) {
      const float x = row[node->feature];
      // A comparison with NaN is false: both forms send a missing value to its own side.
      const bool right = node->missing_left ? x >= node->value : !(x < node->value);
      node = &e_.nodes[node->left + (right ? 1 : 0)];
    }
    return node->value;
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
};

}  // namespace

std::unique_ptr<const Predictor> make_tree_predictor(TreeEnsemble ensemble) {
  return std::make_unique<Trees>(std::move(ensemble));
}

}  // namespace millrace::ml
