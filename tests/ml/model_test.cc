#include "engine/ml/model.h"

#include <gtest/gtest.h>
#include <xgboost/c_api.h>

#include <cmath>
#include <functional>

#include "engine/base/clock.h"
#include "engine/ml/train.h"
#include "tests/ml/fixtures.h"

namespace millrace::ml {
namespace {

/// The library's own answer from a plain XGBoost document.
std::vector<double> library_predict(const std::string& text, const Matrix& rows) {
  BoosterHandle booster = nullptr;
  DMatrixHandle matrix = nullptr;
  const std::vector<float> values(rows.values().begin(), rows.values().end());
  EXPECT_EQ(XGBoosterCreate(nullptr, 0, &booster), 0);
  EXPECT_EQ(XGBoosterLoadModelFromBuffer(booster, text.data(), text.size()), 0)
      << XGBGetLastError();
  EXPECT_EQ(XGBoosterSetParam(booster, "nthread", "1"), 0);
  EXPECT_EQ(
      XGDMatrixCreateFromMat(values.data(), rows.rows(), rows.columns(), std::nanf(""), &matrix),
      0);
  bst_ulong size = 0;
  const float* out = nullptr;
  EXPECT_EQ(XGBoosterPredict(booster, matrix, 0, 0, 0, &size, &out), 0) << XGBGetLastError();
  std::vector<double> result(out, out + size);
  XGDMatrixFree(matrix);
  XGBoosterFree(booster);
  return result;
}

std::string embedded(const Model& model) {
  return (*Json::parse(model.serialize()))["xgboost"].dump();
}

/// Rows over and beyond the trained ranges, a third of the values missing.
Matrix random_rows(std::size_t count, std::uint64_t seed) {
  Rng rng(seed);
  Matrix rows(count, 3);
  for (std::size_t r = 0; r < count; ++r)
    for (std::size_t c = 0; c < 3; ++c)
      if (rng.below(3) > 0) rows.at(r, c) = (rng.uniform() * 2 - 0.5) * (c == 1 ? 100 : 6);
  return rows;
}

void expect_library_agrees(const Model& model, std::uint64_t seed) {
  const Matrix rows = random_rows(3000, seed);
  const auto theirs = library_predict(embedded(model), rows);
  const auto ours = *model.predict(rows);
  ASSERT_EQ(ours.size(), theirs.size());
  for (std::size_t r = 0; r < rows.rows(); ++r) {
    ASSERT_NEAR(ours[r], theirs[r], 1e-6) << "row " << r;
    ASSERT_EQ(ours[r], *model.predict_row(rows.row(r)));
  }
}

TEST(TreeWalk, EqualsTheLibrary) {
  const auto rows = make_rows(3000);
  const XgboostParams params{.rounds = 80, .max_depth = 7, .subsample = 0.8, .gamma = 0.5};
  expect_library_agrees(*train_xgboost(rows.binary, Objective::binary, params), 1);
  expect_library_agrees(*train_xgboost(rows.regression, Objective::regression, params), 2);
}

/// A plain XGBoost 1.7 document, made by the library with its own settings.
std::string library_model(const std::vector<std::pair<const char*, const char*>>& settings) {
  const auto rows = make_rows(500);
  const auto& values = rows.binary.features.values();
  const std::vector<float> x(values.begin(), values.end());
  const std::vector<float> y(rows.binary.labels.begin(), rows.binary.labels.end());
  DMatrixHandle matrix = nullptr;
  BoosterHandle booster = nullptr;
  EXPECT_EQ(XGDMatrixCreateFromMat(x.data(), 500, 3, std::nanf(""), &matrix), 0);
  EXPECT_EQ(XGDMatrixSetFloatInfo(matrix, "label", y.data(), y.size()), 0);
  EXPECT_EQ(XGBoosterCreate(&matrix, 1, &booster), 0);
  XGBoosterSetParam(booster, "verbosity", "0");
  XGBoosterSetParam(booster, "nthread", "1");
  for (const auto& [name, value] : settings) XGBoosterSetParam(booster, name, value);
  for (int round = 0; round < 20; ++round)
    EXPECT_EQ(XGBoosterUpdateOneIter(booster, round, matrix), 0) << XGBGetLastError();
  bst_ulong size = 0;
  const char* text = nullptr;
  EXPECT_EQ(XGBoosterSaveModelToBuffer(booster, R"({"format": "json"})", &size, &text), 0);
  std::string out(text, size);
  XGBoosterFree(booster);
  XGDMatrixFree(matrix);
  return out;
}

TEST(PlainXgboost, EveryObjectiveAndBoosterOfTheTableIsRead) {
  for (const char* objective :
       {"binary:logistic", "reg:squarederror", "reg:logistic", "reg:squaredlogerror",
        "reg:pseudohubererror", "count:poisson", "reg:tweedie"})
    for (const char* booster : {"gbtree", "dart"}) {
      SCOPED_TRACE(std::string(objective) + " " + booster);
      const auto text = library_model({{"objective", objective},
                                       {"booster", booster},
                                       {"rate_drop", "0.3"},
                                       {"base_score", "0.4"}});
      const auto model = Model::parse(text);
      ASSERT_TRUE(model) << model.error().message;
      EXPECT_EQ(model->feature_names(), (std::vector<std::string>{"f0", "f1", "f2"}));
      expect_library_agrees(*model, 3);
    }
}

TEST(PlainXgboost, WhatIsNotReadIsNamed) {
  const auto refused = [](const std::string& text) { return Model::parse(text).error(); };
  EXPECT_EQ(refused(library_model({{"objective", "binary:hinge"}})).code, ErrorCode::unsupported);
  const auto linear = refused(library_model({{"booster", "gblinear"}}));
  EXPECT_NE(linear.message.find("'gblinear' is not supported"), std::string::npos);
  const auto classes =
      refused(library_model({{"objective", "multi:softprob"}, {"num_class", "2"}}));
  EXPECT_NE(classes.message.find("more than one output"), std::string::npos);
}

TEST(Importance, IsTheLibrarysGain) {
  const auto rows = make_rows(1000);
  const auto model = *train_xgboost(rows.binary, Objective::binary, {.rounds = 20});
  const std::string text = embedded(model);
  BoosterHandle booster = nullptr;
  ASSERT_EQ(XGBoosterCreate(nullptr, 0, &booster), 0);
  ASSERT_EQ(XGBoosterLoadModelFromBuffer(booster, text.data(), text.size()), 0);
  bst_ulong count = 0, dim = 0;
  const char** names = nullptr;
  const bst_ulong* shape = nullptr;
  const float* scores = nullptr;
  ASSERT_EQ(XGBoosterFeatureScore(booster, R"({"importance_type": "gain"})", &count, &names, &dim,
                                  &shape, &scores),
            0);
  ASSERT_EQ(count, 3u);
  for (bst_ulong i = 0; i < count; ++i)
    for (const auto& [feature, value] : model.importance())
      if (feature == names[i]) {
        EXPECT_NEAR(value, scores[i], 1e-4 * scores[i]);
      }
  XGBoosterFree(booster);
}

TEST(Importance, IsSortedAndCoversEveryFeature) {
  const auto model = *train_logistic(make_rows(200).binary);
  const auto ranking = model.importance();
  ASSERT_EQ(ranking.size(), 3u);
  EXPECT_EQ(ranking[0].feature, "a");
  EXPECT_GT(ranking[0].value, ranking[1].value);
  EXPECT_GT(ranking[1].value, 0);  // "c"; the size, whatever the sign
}

TEST(Model, ReadsBackWhatItWrote) {
  const auto rows = make_rows(300);
  for (const auto& model : {*train_logistic(rows.binary), *train_linear(rows.regression),
                            *train_xgboost(rows.binary, Objective::binary, {.rounds = 5})}) {
    const auto again = Model::parse(model.serialize());
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_EQ(again->serialize(), model.serialize());
    EXPECT_EQ(again->algorithm(), model.algorithm());
    EXPECT_EQ(again->objective(), model.objective());
    EXPECT_EQ(again->parameters(), model.parameters());
    EXPECT_EQ(*again->predict(rows.binary.features), *model.predict(rows.binary.features));
  }
}

TEST(Model, MissingIsTheMeanInALinearModel) {
  const auto rows = make_rows(300);
  const auto model = *train_linear(rows.regression);
  const auto means = (*Json::parse(model.serialize()))["linear"]["means"];
  EXPECT_DOUBLE_EQ(
      *model.predict_row(std::vector<double>{1, kMissing, kMissing}),
      *model.predict_row(std::vector<double>{1, means.at(1).as_double(), means.at(2).as_double()}));
}

TEST(Model, RefusesRowsThatDoNotFit) {
  const auto model = *train_logistic(make_rows(50).binary);
  EXPECT_FALSE(model.predict_row(std::vector<double>{1, 2}));
  EXPECT_FALSE(model.predict(Matrix(2, 4)));
  EXPECT_TRUE(model.predict(Matrix(0, 3))->empty());
  const auto infinite = model.predict_row(std::vector<double>{1, -INFINITY, 3});
  ASSERT_FALSE(infinite);
  EXPECT_NE(infinite.error().message.find("'b' is infinite"), std::string::npos);
}

}  // namespace
}  // namespace millrace::ml
