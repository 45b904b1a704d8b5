#include <algorithm>

#include "engine/ml/linear_model.h"
#include "engine/ml/model_document.h"
#include "engine/ml/params.h"
#include "engine/ml/standardise.h"
#include "engine/ml/train.h"

namespace millrace::ml {
namespace {

/// Z'WZ and Z'W(y - Z b) over all rows, where Z is standardised with a column of ones.
struct NormalEquations {
  Eigen::MatrixXd gram;        // (features + 1)², lower triangle
  Eigen::VectorXd right_side;  // features + 1
};

NormalEquations accumulate(const Dataset& data, const Scaling& scaling, const Eigen::VectorXd& b) {
  const auto n = b.size();
  NormalEquations out{Eigen::MatrixXd::Zero(n, n), Eigen::VectorXd::Zero(n)};
  Block block, weighted;
  Eigen::VectorXd residual;
  for (std::size_t first = 0; first < data.rows(); first += kBlockRows) {
    const auto count = static_cast<Eigen::Index>(std::min(kBlockRows, data.rows() - first));
    block.resize(count, n);
    scaling.fill(data.features, first, block);
    const Eigen::Map<const Eigen::VectorXd> labels(data.labels.data() + first, count);
    residual.noalias() = labels - block * b;
    weighted = block;
    if (!data.weights.empty()) {
      const Eigen::Map<const Eigen::VectorXd> w(data.weights.data() + first, count);
      weighted.array().colwise() *= w.array().sqrt();
      residual.array() *= w.array();
    }
    out.gram.selfadjointView<Eigen::Lower>().rankUpdate(weighted.transpose());
    out.right_side.noalias() += block.transpose() * residual;
  }
  return out;
}

}  // namespace

Result<Model> train_linear(const Dataset& data, const LinearParams& params) {
  MR_CHECK(check_params(params));
  MR_CHECK(data.check(Objective::regression));
  MR_TRY(const Scaling scaling, Scaling::of(data));
  const auto n = static_cast<Eigen::Index>(data.features.columns());

  auto penalty = Eigen::VectorXd::Constant(n + 1, params.l2).eval();
  penalty[n] = 0;  // the intercept
  Eigen::VectorXd b = Eigen::VectorXd::Zero(n + 1);
  auto system = accumulate(data, scaling, b);
  system.gram.diagonal() += penalty;
  // Rank-revealing: collinear features without a penalty get the shortest solution.
  const Eigen::CompleteOrthogonalDecomposition<Eigen::MatrixXd> solver(
      Eigen::MatrixXd(system.gram.selfadjointView<Eigen::Lower>()));
  b = solver.solve(system.right_side);
  // One step of refinement on the true residual gives back the digits that squaring the condition
  // number cost (corrected seminormal equations; Björck 1987, Linear Algebra and its Applications).
  const Eigen::VectorXd rest = accumulate(data, scaling, b).right_side - penalty.cwiseProduct(b);
  b += solver.solve(rest);

  const LinearFit fit{b[n], {b.data(), b.data() + n}, scaling.means, scaling.scales};
  return Model::from_json(
      model_document({"linear", Objective::regression, data.feature_names, params_to_json(params)},
                     "linear", to_json(fit)));
}

}  // namespace millrace::ml
