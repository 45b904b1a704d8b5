#include "engine/ml/xgboost_json.h"

#include <array>
#include <charconv>
#include <cmath>
#include <optional>
#include <string_view>

#include "engine/base/number_text.h"

namespace millrace::ml {
namespace {

constexpr std::size_t kMaxFeatures = 4096;
constexpr std::size_t kMaxNodes = 50'000'000;
constexpr int kMaxDepth = 1024;  // bounds the time of one prediction

struct ObjectiveTraits {
  std::string_view name;
  Objective objective;
  Link link;
};
constexpr std::array kObjectives = {
    ObjectiveTraits{"binary:logistic", Objective::binary, Link::logistic},
    ObjectiveTraits{"reg:squarederror", Objective::regression, Link::identity},
    ObjectiveTraits{"reg:squaredlogerror", Objective::regression, Link::identity},
    ObjectiveTraits{"reg:absoluteerror", Objective::regression, Link::identity},
    ObjectiveTraits{"reg:pseudohubererror", Objective::regression, Link::identity},
    ObjectiveTraits{"reg:logistic", Objective::regression, Link::logistic},
    ObjectiveTraits{"count:poisson", Objective::regression, Link::exponential},
    ObjectiveTraits{"reg:gamma", Objective::regression, Link::exponential},
    ObjectiveTraits{"reg:tweedie", Objective::regression, Link::exponential},
};

Error unsupported(std::string message) {
  return make_error(ErrorCode::unsupported, std::move(message));
}

/// XGBoost writes its parameters as strings; a number is taken as well.
std::optional<double> parameter(const Json& json) {
  if (json.is_number()) return json.as_double();
  const std::string_view text = json.as_view();
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc{} || end != text.data() + text.size()) return {};
  return value;
}

/// The whole number of a parameter, `other` where it is absent.
Result<std::size_t> count_parameter(const Json& params, std::string_view name, std::size_t other,
                                    std::size_t most) {
  if (!params.contains(name)) return other;
  const auto value = parameter(params[name]);
  if (!value || !(*value >= 0) || *value > static_cast<double>(most) ||
      *value != std::floor(*value))
    return invalid_argument("learner_model_param." + std::string(name) +
                            " must be a whole number of at most " + std::to_string(most));
  return static_cast<std::size_t>(*value);
}

/// Newer versions write a list with one value for each output: "[5E-1]".
Result<float> read_base_margin(const Json& json, Link link) {
  std::string_view text = json.as_view();
  if (text.size() > 2 && text.front() == '[' && text.back() == ']')
    text = text.substr(1, text.size() - 2);
  const auto value = json.is_string() ? parameter(Json(text)) : parameter(json);
  const auto score = static_cast<float>(value.value_or(kMissing));
  const bool fits = link == Link::logistic      ? score > 0 && score < 1
                    : link == Link::exponential ? score > 0 && std::isfinite(score)
                                                : std::isfinite(score);
  if (!fits) return invalid_argument("learner_model_param.base_score does not fit the objective");
  if (link == Link::logistic) return -std::log(1.0f / score - 1.0f);
  return link == Link::exponential ? std::log(score) : score;
}

/// One tree of the document, its columns checked to be as long as each other.
struct TreeColumns {
  const Json::Array& left;
  const Json::Array& right;
  const Json::Array& feature;
  const Json::Array& value;
  const Json::Array& missing_left;
  const Json::Array& gain;  // may be empty: older files

  std::size_t size() const { return left.size(); }
};

Result<TreeColumns> columns_of(const Json& tree, const std::string& where) {
  const TreeColumns columns{
      tree["left_children"].items(), tree["right_children"].items(),
      tree["split_indices"].items(), tree["split_conditions"].items(),
      tree["default_left"].items(),  tree["loss_changes"].items(),
  };
  const std::size_t n = columns.size();
  if (n == 0) return invalid_argument(where + ".left_children must be a list with a node or more");
  if (columns.right.size() != n || columns.feature.size() != n || columns.value.size() != n ||
      columns.missing_left.size() != n || (!columns.gain.empty() && columns.gain.size() != n))
    return invalid_argument(where + ": the lists of a tree must be as long as each other");
  for (const Json& type : tree["split_type"].items())
    if (type.as_int() != 0)
      return unsupported(where + " splits on categories; only numerical splits are read");
  return columns;
}

/// Copies one tree from the root down, children side by side.
class TreeReader {
 public:
  TreeReader(const TreeColumns& tree, std::string where, std::size_t features, float weight)
      : tree_(tree), where_(std::move(where)), features_(features), weight_(weight) {}

  /// Adds the gains and counts of the splits by feature.
  Status append_to(TreeEnsemble& out, std::vector<std::size_t>& splits) {
    struct Place {
      std::size_t source;
      std::size_t target;
      int depth;
    };
    std::vector<bool> seen(tree_.size());
    std::vector<Place> open = {{0, out.nodes.size(), 0}};
    out.roots.push_back(static_cast<std::uint32_t>(out.nodes.size()));
    out.nodes.emplace_back();
    while (!open.empty()) {
      const auto [source, target, depth] = open.back();
      open.pop_back();
      if (seen[source]) return at(source, "is reached twice; a tree has no cycle");
      seen[source] = true;
      if (depth > kMaxDepth)
        return at(source, "lies deeper than " + std::to_string(kMaxDepth) + " levels");
      MR_TRY(auto node, read_node(source));
      if (is_split(source)) {
        MR_TRY(const auto left, child(tree_.left[source], source));
        MR_TRY(const auto right, child(tree_.right[source], source));
        node.left = static_cast<std::uint32_t>(out.nodes.size());
        open.push_back({right, out.nodes.size() + 1, depth + 1});
        open.push_back({left, out.nodes.size(), depth + 1});
        out.nodes.resize(out.nodes.size() + 2);
        ++splits[node.feature];
        if (!tree_.gain.empty()) out.gains[node.feature] += tree_.gain[source].as_double();
      }
      if (out.nodes.size() > kMaxNodes)
        return make_error(ErrorCode::resource_exhausted, "the model has too many nodes");
      out.nodes[target] = node;
    }
    return {};
  }

 private:
  Error at(std::size_t source, std::string_view what) const {
    return invalid_argument(where_ + ": node " + std::to_string(source) + " " + std::string(what));
  }

  bool is_split(std::size_t source) const {
    return tree_.left[source].as_int() != -1 || tree_.right[source].as_int() != -1;
  }

  Result<std::size_t> child(const Json& index, std::size_t source) const {
    const std::int64_t value = index.as_int(-1);
    if (value <= 0 || value >= static_cast<std::int64_t>(tree_.size()))
      return at(source, "has a child that is no other node of its tree");
    return static_cast<std::size_t>(value);
  }

  Result<TreeNode> read_node(std::size_t source) const {
    if (!tree_.left[source].is_integer() || !tree_.right[source].is_integer())
      return at(source, "has a child that is no whole number");
    TreeNode node;
    const auto value = static_cast<float>(tree_.value[source].as_double(kMissing));
    if (!std::isfinite(value)) return at(source, "has a condition that is no finite float");
    node.value = is_split(source) ? value : value * weight_;
    if (!std::isfinite(node.value)) return at(source, "has a weight that overflows");
    if (!is_split(source)) return node;
    const std::int64_t feature = tree_.feature[source].as_int(-1);
    if (feature < 0 || feature >= static_cast<std::int64_t>(features_))
      return at(source, "splits on feature " + std::to_string(feature) + " of " +
                            std::to_string(features_));
    node.feature = static_cast<std::uint32_t>(feature) & 0x7fffffffu;
    const Json& missing = tree_.missing_left[source];
    node.missing_left = missing.is_bool() ? missing.as_bool() : missing.as_int() != 0;
    return node;
  }

  const TreeColumns& tree_;
  std::string where_;
  std::size_t features_;
  float weight_;
};

Result<std::vector<std::string>> read_feature_names(const Json& learner) {
  MR_TRY(const std::size_t count,
         count_parameter(learner["learner_model_param"], "num_feature", 0, kMaxFeatures));
  std::vector<std::string> names;
  for (const Json& name : learner["feature_names"].items()) {
    if (!name.is_string()) return invalid_argument("learner.feature_names must hold strings");
    names.emplace_back(name.as_view());
  }
  if (names.empty())
    for (std::size_t i = 0; i < count; ++i) names.push_back("f" + std::to_string(i));
  if (names.size() != count)
    return invalid_argument("learner.feature_names holds " + std::to_string(names.size()) +
                            " names for " + std::to_string(count) + " features");
  MR_CHECK(check_feature_names(names));
  return names;
}

Result<ObjectiveTraits> read_objective(const Json& learner) {
  const std::string_view wanted = learner["objective"]["name"].as_view();
  MR_TRY(const std::size_t classes,
         count_parameter(learner["learner_model_param"], "num_class", 0, 1u << 20));
  MR_TRY(const std::size_t targets,
         count_parameter(learner["learner_model_param"], "num_target", 1, 1u << 20));
  if (classes > 1 || targets > 1)
    return unsupported("the model has more than one output; one is read");
  for (const auto& row : kObjectives)
    if (row.name == wanted) return row;
  return unsupported("the XGBoost objective '" + std::string(wanted.substr(0, 64)) +
                     "' is not supported; binary:logistic and reg:squarederror are");
}

/// The booster's trees and, for dart, the weight of each.
Status read_trees(const Json& booster, std::size_t features, TreeEnsemble& out) {
  const std::string_view kind = booster["name"].as_view();
  if (kind != "gbtree" && kind != "dart")
    return unsupported("the booster '" + std::string(kind.substr(0, 64)) +
                       "' is not supported; gbtree and dart are");
  const bool dart = kind == "dart";
  const auto& model = (dart ? booster["gbtree"] : booster)["model"];
  const auto& trees = model["trees"];
  const auto& weights = booster["weight_drop"];
  if (!trees.is_array()) return invalid_argument("gradient_booster.model.trees must be a list");
  const auto counted = parameter(model["gbtree_model_param"]["num_trees"]);
  if (counted && *counted != static_cast<double>(trees.size()))
    return invalid_argument("the file holds " + std::to_string(trees.size()) +
                            " trees, and gbtree_model_param.num_trees is " + number_text(*counted) +
                            ": it is not complete");
  if (dart && weights.size() != trees.size())
    return invalid_argument("gradient_booster.weight_drop must hold one weight a tree");
  out.gains.assign(features, 0.0);
  std::vector<std::size_t> splits(features);
  for (std::size_t t = 0; t < trees.size(); ++t) {
    const std::string where = "tree " + std::to_string(t);
    MR_TRY(const auto columns, columns_of(trees.at(t), where));
    const double weight = dart ? weights.at(t).as_double(kMissing) : 1.0;
    MR_CHECK(
        TreeReader(columns, where, features, static_cast<float>(weight)).append_to(out, splits));
  }
  for (std::size_t j = 0; j < features; ++j) {
    if (splits[j] > 0) out.gains[j] /= static_cast<double>(splits[j]);
    if (!std::isfinite(out.gains[j])) return invalid_argument("the loss_changes overflow");
  }
  return {};
}

}  // namespace

Result<XgboostModel> read_xgboost_json(const Json& document) {
  const Json& learner = document["learner"];
  if (!learner.is_object()) return invalid_argument("an XGBoost model has an object \"learner\"");
  XgboostModel out;
  MR_TRY(const auto objective, read_objective(learner));
  MR_TRY(out.feature_names, read_feature_names(learner));
  out.objective = objective.objective;
  out.ensemble.link = objective.link;
  MR_TRY(out.ensemble.base_margin,
         read_base_margin(learner["learner_model_param"]["base_score"], objective.link));
  MR_CHECK(read_trees(learner["gradient_booster"], out.feature_names.size(), out.ensemble));
  return out;
}

}  // namespace millrace::ml
