#include <algorithm>
#include <cmath>

#include "engine/ml/linear_model.h"
#include "engine/ml/model_document.h"
#include "engine/ml/params.h"
#include "engine/ml/standardise.h"
#include "engine/ml/train.h"

namespace millrace::ml {
namespace {

/// The penalised negative log likelihood at one point, with its derivatives. The last of the
/// features + 1 coefficients is the intercept.
struct Likelihood {
  double value = 0;
  Eigen::VectorXd gradient;
  Eigen::MatrixXd hessian;  // lower triangle
};

/// log(1 + exp(m)), without overflow.
double softplus(double m) { return std::max(m, 0.0) + std::log1p(std::exp(-std::abs(m))); }

class LogisticProblem {
 public:
  LogisticProblem(const Dataset& data, const Scaling& scaling, double l2)
      : data_(data), scaling_(scaling), l2_(l2) {}

  Likelihood at(const Eigen::VectorXd& b) const {
    const auto n = b.size();
    Likelihood out{0, Eigen::VectorXd::Zero(n), Eigen::MatrixXd::Zero(n, n)};
    Block block;
    for (std::size_t first = 0; first < data_.rows(); first += kBlockRows) {
      block.resize(static_cast<Eigen::Index>(std::min(kBlockRows, data_.rows() - first)), n);
      scaling_.fill(data_.features, first, block);
      add_block(first, block, b, out);
    }
    const auto slopes = b.head(n - 1);
    out.value += l2_ / 2 * slopes.squaredNorm();
    out.gradient.head(n - 1) += l2_ * slopes;
    out.hessian.diagonal().head(n - 1).array() += l2_;
    return out;
  }

 private:
  void add_block(std::size_t first, Block& block, const Eigen::VectorXd& b, Likelihood& out) const {
    const Eigen::VectorXd margins = block * b;
    Eigen::VectorXd slope(block.rows()), curvature(block.rows());
    for (Eigen::Index i = 0; i < block.rows(); ++i) {
      const auto row = first + static_cast<std::size_t>(i);
      const double w = weight_of(data_, row), y = data_.labels[row], p = logistic(margins[i]);
      out.value += w * (softplus(margins[i]) - y * margins[i]);
      slope[i] = w * (p - y);
      curvature[i] = std::sqrt(w * p * (1 - p));
    }
    out.gradient.noalias() += block.transpose() * slope;
    block.array().colwise() *= curvature.array();
    out.hessian.selfadjointView<Eigen::Lower>().rankUpdate(block.transpose());
  }

  const Dataset& data_;
  const Scaling& scaling_;
  double l2_;
};

Eigen::VectorXd newton_step(const Likelihood& at, bool penalised) {
  const Eigen::MatrixXd hessian = at.hessian.selfadjointView<Eigen::Lower>();
  // Without a penalty the Hessian may be singular: the shortest solution is taken.
  if (!penalised) return hessian.completeOrthogonalDecomposition().solve(at.gradient);
  return hessian.ldlt().solve(at.gradient);
}

Error no_minimum(const LogisticParams& params) {
  return make_error(ErrorCode::data_invalid,
                    "logistic regression did not converge in " +
                        std::to_string(params.max_iterations) +
                        " iterations; a larger l2 helps where a feature separates the labels");
}

/// Newton's method; a step that does not improve is halved.
Result<Eigen::VectorXd> minimise(const LogisticProblem& problem, Eigen::VectorXd b,
                                 double total_weight, const LogisticParams& params) {
  Likelihood here = problem.at(b);
  for (int iteration = 0; iteration < params.max_iterations; ++iteration) {
    const Eigen::VectorXd step = newton_step(here, params.l2 > 0);
    const double decrement = step.dot(here.gradient);
    if (!std::isfinite(decrement)) return no_minimum(params);
    const bool flat = here.gradient.cwiseAbs().maxCoeff() <= params.tolerance * total_weight;
    const bool exhausted = decrement <= 1e-15 * (1 + std::abs(here.value));
    if (flat || exhausted) return Eigen::VectorXd(b - step);  // here a step squares the error
    double length = 1;
    for (int halvings = 0; halvings < 40; ++halvings, length /= 2) {
      Likelihood there = problem.at(b - length * step);
      if (there.value <= here.value - 1e-4 * length * decrement ||
          (halvings == 0 && std::abs(there.value - here.value) <= 1e-12 * std::abs(here.value))) {
        here = std::move(there);
        break;
      }
    }
    b -= length * step;
  }
  return no_minimum(params);
}

/// The intercept of the model without features; an error if there is but one class.
Result<double> log_odds(const Dataset& data) {
  double positive = 0;
  for (std::size_t r = 0; r < data.rows(); ++r) positive += weight_of(data, r) * data.labels[r];
  const double negative = total_weight(data) - positive;
  if (!(positive > 0) || !(negative > 0))
    return make_error(ErrorCode::data_invalid, "every label is " +
                                                   std::string(positive > 0 ? "1" : "0") +
                                                   "; a binary model needs both classes");
  return std::log(positive / negative);
}

}  // namespace

Result<Model> train_logistic(const Dataset& data, const LogisticParams& params) {
  MR_CHECK(check_params(params));
  MR_CHECK(data.check(Objective::binary));
  MR_TRY(const Scaling scaling, Scaling::of(data));
  const auto n = static_cast<Eigen::Index>(data.features.columns());
  Eigen::VectorXd start = Eigen::VectorXd::Zero(n + 1);
  MR_TRY(start[n], log_odds(data));
  const LogisticProblem problem(data, scaling, params.l2);
  MR_TRY(const Eigen::VectorXd b, minimise(problem, start, total_weight(data), params));

  const LinearFit fit{b[n], {b.data(), b.data() + n}, scaling.means, scaling.scales};
  return Model::from_json(
      model_document({"logistic", Objective::binary, data.feature_names, params_to_json(params)},
                     "linear", to_json(fit)));
}

}  // namespace millrace::ml
