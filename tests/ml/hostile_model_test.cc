// A model is text that somebody may have made: whatever it says, reading it ends with an answer.
#include <gtest/gtest.h>

#include "engine/base/clock.h"
#include "engine/ml/model.h"
#include "engine/ml/train.h"
#include "tests/ml/fixtures.h"

namespace millrace::ml {
namespace {

/// One tree: 0 splits on feature 0, children 1 and 2 are leaves.
constexpr std::string_view kSmall = R"({
  "version": [1, 7, 4],
  "learner": {
    "feature_names": ["x", "y"],
    "learner_model_param": {"base_score": "5E-1", "num_class": "0", "num_feature": "2"},
    "objective": {"name": "reg:squarederror"},
    "gradient_booster": {"name": "gbtree", "model": {"trees": [{
      "left_children": [1, -1, -1], "right_children": [2, -1, -1], "split_indices": [0, 0, 0],
      "split_conditions": [10, 1.5, 2.5], "default_left": [1, 0, 0], "loss_changes": [4, 0, 0],
      "split_type": [0, 0, 0]}]}}}})";

/// kSmall with `from` replaced by `to`.
std::string with(std::string_view from, std::string_view to) {
  std::string text(kSmall);
  const auto at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}

TEST(HostileModel, TheUnchangedOneIsFine) {
  const auto model = Model::parse(kSmall);
  ASSERT_TRUE(model) << model.error().message;
  EXPECT_EQ(*model->predict_row(std::vector<double>{9, 0}), 2.0);
  EXPECT_EQ(*model->predict_row(std::vector<double>{10, 0}), 3.0);
  EXPECT_EQ(*model->predict_row(std::vector<double>{kMissing, 0}), 2.0);
  EXPECT_EQ(model->importance().front().value, 4.0);
}

// XGBoost 3.1 writes a list with the base score of each output.
TEST(HostileModel, ABaseScoreMayBeAListOfOne) {
  const auto model = Model::parse(with(R"("5E-1")", R"("[5E-1]")"));
  ASSERT_TRUE(model) << model.error().message;
  EXPECT_EQ(*model->predict_row(std::vector<double>{9, 0}), 2.0);
}

TEST(HostileModel, EachLieIsNamed) {
  const struct {
    std::string_view from, to, message;
  } cases[] = {
      {R"("left_children": [1)", R"("left_children": [0)", "no other node"},
      {R"("left_children": [1)", R"("left_children": [3)", "no other node"},
      {R"("left_children": [1)", R"("left_children": [-7)", "no other node"},
      {R"("left_children": [1)", R"("left_children": [2)", "reached twice"},
      {R"("left_children": [1)", R"("left_children": [1.5)", "no whole number"},
      {R"("left_children": [1, -1)", R"("left_children": [1, 2)", "no other node"},
      {R"("right_children": [2, -1, -1])", R"("right_children": [2, -1])", "as long as each other"},
      {R"("left_children": [1, -1, -1])", R"("left_children": [])", "a node or more"},
      {R"("left_children": [1, -1, -1])", R"("left_children": "all")", "a node or more"},
      {R"("split_indices": [0)", R"("split_indices": [2)", "feature 2 of 2"},
      {R"("split_indices": [0)", R"("split_indices": [-1)", "feature -1 of 2"},
      {R"("split_indices": [0)", R"("split_indices": [2147483648)", "feature 2147483648"},
      {R"([10, 1.5)", R"([1e39, 1.5)", "no finite float"},
      {R"([10, 1.5)", R"([null, 1.5)", "no finite float"},
      {R"("split_type": [0)", R"("split_type": [1)", "categories"},
      {R"("5E-1")", R"("nan")", "base_score"},
      {R"("5E-1")", R"("")", "base_score"},
      {R"("5E-1")", R"("[]")", "base_score"},
      {R"("5E-1")", R"("[5E-1,1E0]")", "base_score"},
      {R"("trees": [{)", R"("gbtree_model_param": {"num_trees": "5"}, "trees": [{)",
       "holds 1 trees, and gbtree_model_param.num_trees is 5"},
      {R"("num_feature": "2")", R"("num_feature": "99999999999")", "num_feature"},
      {R"("num_feature": "2")", R"("num_feature": "3")", "2 names for 3"},
      {R"("num_class": "0")", R"("num_class": "5")", "more than one output"},
      {R"(["x", "y"])", R"(["x", "x"])", "twice"},
      {R"(["x", "y"])", R"(["x", 1])", "strings"},
      {R"("gbtree")", R"("gbtwig")", "gbtwig"},
      {R"("gbtree")", R"("dart")", "must be a list"},
      {R"("trees": [{)", R"("trees": [1, {)", "tree 0"},
      {R"("loss_changes": [4)", R"("loss_changes": [1e400)", "invalid JSON"},
  };
  for (const auto& [from, to, message] : cases) {
    const auto model = Model::parse(with(from, to));
    ASSERT_FALSE(model) << to;
    EXPECT_NE(model.error().message.find(message), std::string::npos)
        << to << " gave: " << model.error().message;
  }
}

TEST(HostileModel, ATreeDeepAsAWellIsRefused) {
  constexpr int kDepth = 5000;
  Json left = Json::array(), right = Json::array(), zeros = Json::array();
  for (int i = 0; i < 2 * kDepth + 1; ++i) {  // odd nodes go on, even ones are leaves
    const bool split = (i == 0 || i % 2 == 1) && i + 2 < 2 * kDepth;
    left.push_back(split ? (i == 0 ? 1 : i + 2) : -1);
    right.push_back(split ? (i == 0 ? 2 : i + 3) : -1);
    zeros.push_back(0);
  }
  Json document = *Json::parse(kSmall);
  auto& booster = document.member("learner").member("gradient_booster").member("model");
  Json tree = Json::object({{"left_children", left}, {"right_children", right}});
  for (const char* column : {"split_indices", "split_conditions", "default_left"})
    tree.set(column, zeros);
  booster.set("trees", Json::array({tree}));
  const auto model = Model::from_json(document);
  ASSERT_FALSE(model);
  EXPECT_NE(model.error().message.find("deeper than 1024"), std::string::npos);
}

TEST(HostileModel, OurOwnDocumentIsCheckedToo) {
  const auto trained = *train_logistic(make_rows(50).binary);
  const Json good = *Json::parse(trained.serialize());
  const auto refused = [&](auto change) {
    Json document = good;
    change(document);
    const auto model = Model::from_json(document);
    return model.ok() ? std::string("accepted") : model.error().message;
  };
  const auto expect = [](const std::string& message, std::string_view part) {
    EXPECT_NE(message.find(part), std::string::npos) << message;
  };
  expect(refused([](Json& d) { d = Json::array(); }), "not a list");
  expect(refused([](Json& d) { d.set("format", "pickle"); }), "millrace.model");
  expect(refused([](Json& d) { d.set("format_version", 2); }), "version 2");
  expect(refused([](Json& d) { d.set("algorithm", "logistik"); }), "did you mean 'logistic'");
  expect(refused([](Json& d) { d.set("objective", "regression"); }), "is not regression");
  expect(refused([](Json& d) { d.set("objective", 3); }), "unknown objective");
  expect(refused([](Json& d) { d.set("features", Json::array({"a"})); }), "list of 1");
  expect(refused([](Json& d) { d.set("features", Json::array()); }), "no feature");
  expect(refused([](Json& d) { d.set("parameters", 1); }), "must be a mapping");
  expect(refused([](Json& d) { d.set("algorithm", "xgboost"); }), "learner");
  expect(refused([](Json& d) { d.member("linear").set("intercept", "1"); }), "intercept");
  expect(refused([](Json& d) { d.member("linear").member("scales").mutable_items()[1] = 0; }),
         "scales[1] must be positive");
  expect(refused([](Json& d) { d.member("linear").member("means").mutable_items()[0] = {}; }),
         "means[0] must be a finite number, not null");
}

TEST(HostileModel, OverflowIsAnErrorNotANumber) {
  const auto trained = *train_linear(make_rows(50).regression);
  Json document = *Json::parse(trained.serialize());
  document.member("linear").member("coefficients").mutable_items()[0] = 1e308;
  const auto model = Model::from_json(document);
  ASSERT_TRUE(model);
  EXPECT_FALSE(model->predict_row(std::vector<double>{1e10, 0, 0}));
}

/// Random damage to a real model: never a crash, and what is accepted still predicts or refuses.
TEST(HostileModel, DamagedTextNeverCrashes) {
  const auto trained = *train_xgboost(make_rows(200).binary, Objective::binary, {.rounds = 2});
  Rng rng(11);
  constexpr std::string_view kBytes = "0123456789-.eE,[]{}\":truefalsn";
  for (int round = 0; round < 300; ++round) {
    std::string text = trained.serialize();
    for (std::uint64_t hits = 1 + rng.below(4); hits > 0; --hits) {
      const auto at = rng.below(text.size());
      if (rng.below(4) == 0)
        text.erase(at, 1 + rng.below(20));
      else
        text[at] = kBytes[rng.below(kBytes.size())];
    }
    const auto model = Model::parse(text);
    if (!model) continue;
    const std::vector<double> row(model->feature_names().size(), 1.0);
    const auto prediction = model->predict_row(row);
    EXPECT_TRUE(!prediction || std::isfinite(*prediction));
  }
}

TEST(HostileModel, CutTextNeverCrashes) {
  const std::string text(kSmall);
  for (std::size_t size = 0; size < text.size(); ++size)
    EXPECT_FALSE(Model::parse(std::string_view(text).substr(0, size)));
}

}  // namespace
}  // namespace millrace::ml
