// Reference values, on the rows of fixtures.h: scikit-learn 1.2.1 (SimpleImputer, StandardScaler,
// LogisticRegression with C = 1 / l2 polished by scipy 1.10.1's optimize.root on the gradient,
// Ridge) and, without a penalty, statsmodels 0.13.5 (Logit).
#include "engine/ml/train.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "engine/ml/metrics.h"
#include "tests/ml/fixtures.h"

namespace millrace::ml {
namespace {

/// {intercept, coefficients…} on the standardised scale.
std::vector<double> fit_of(const Model& model) {
  const Json document = *Json::parse(model.serialize());
  std::vector<double> out = {document["linear"]["intercept"].as_double()};
  for (const auto& c : document["linear"]["coefficients"].items()) out.push_back(c.as_double());
  return out;
}

void expect_fit(const Result<Model>& model, const std::vector<double>& expected, double within) {
  ASSERT_TRUE(model) << model.error().message;
  const auto fit = fit_of(*model);
  ASSERT_EQ(fit.size(), expected.size());
  for (std::size_t i = 0; i < fit.size(); ++i) EXPECT_NEAR(fit[i], expected[i], within) << i;
}

/// The rows with feature "a" alone, which is never missing, and weights.
Dataset weighted_a(Dataset data, const std::vector<double>& weights) {
  data.features = *select_columns(data.features, data.feature_names, {"a"});
  data.feature_names = {"a"};
  data.weights = weights;
  return data;
}

TEST(TrainLogistic, AgreesWithScikitLearn) {
  const auto rows = make_rows(200);
  expect_fit(train_logistic(rows.binary, {.l2 = 1}),
             {-0.357961875698683, 1.8335641415337711, -0.7750931577918432, 0.8636150041533112},
             1e-12);
  expect_fit(train_logistic(rows.binary, {.l2 = 10}),
             {-0.22247252131442893, 1.208352640961734, -0.47495255457571073, 0.5698736164982249},
             1e-12);
  const auto model = train_logistic(rows.binary, {.l2 = 1});
  EXPECT_NEAR(*model->predict_row(rows.binary.features.row(0)), 0.40239962, 1e-8);
  EXPECT_NEAR(*model->predict_row(rows.binary.features.row(1)), 0.02261783, 1e-8);
}

TEST(TrainLogistic, WithoutPenaltyAgreesWithStatsmodels) {
  expect_fit(train_logistic(make_rows(200).binary, {.l2 = 0}),
             {-0.4030445987276574, 2.0098397335493083, -0.8644752860075254, 0.9453440246611163},
             1e-8);
}

TEST(TrainLogistic, WeightsAgreeWithScikitLearn) {
  const auto rows = make_rows(200);
  expect_fit(train_logistic(weighted_a(rows.binary, rows.weights), {.l2 = 1}),
             {-0.04389619064305472, 1.5664966086439822}, 1e-8);
}

TEST(TrainLogistic, SaysWhenThereIsNoMinimum) {
  Dataset data{{"x"}, *Matrix::from_rows(4, 1, {1, 2, 3, 4}), {0, 0, 1, 1}, {}};
  const auto separated = train_logistic(data, {.l2 = 0, .max_iterations = 20});
  ASSERT_FALSE(separated);
  EXPECT_NE(separated.error().message.find("l2"), std::string::npos);
  EXPECT_TRUE(train_logistic(data, {.l2 = 1}));
  data.labels = {1, 1, 1, 1};
  EXPECT_NE(train_logistic(data).error().message.find("both classes"), std::string::npos);
}

TEST(TrainLogistic, BearsConstantEmptyAndCollinearFeatures) {
  Dataset data{{"x", "twin", "constant", "empty"}, Matrix(6, 4), {0, 1, 0, 1, 1, 0}, {}};
  for (std::size_t i = 0; i < 6; ++i) {
    data.features.at(i, 0) = static_cast<double>(i);
    data.features.at(i, 1) = 2.0 * static_cast<double>(i);
    data.features.at(i, 2) = 0.1;
  }
  for (const double l2 : {0.0, 1.0}) {
    const auto model = train_logistic(data, {.l2 = l2});
    ASSERT_TRUE(model) << model.error().message;
    const auto fit = fit_of(*model);
    EXPECT_NEAR(fit[1], fit[2], 1e-7);
    EXPECT_NEAR(fit[3], 0, 1e-12);
    EXPECT_NEAR(fit[4], 0, 1e-12);
  }
}

TEST(TrainLinear, AgreesWithScikitLearn) {
  const auto rows = make_rows(200);
  expect_fit(train_linear(rows.regression, {.l2 = 0}),
             {2.8409221079026943, 5.687492023283121, -2.8166667942402133, 1.1914480068971776},
             1e-12);
  expect_fit(train_linear(rows.regression, {.l2 = 1}),
             {2.8409221079026943, 5.659616918986217, -2.8030043489010397, 1.1868870886554517},
             1e-12);
  expect_fit(train_linear(weighted_a(rows.regression, rows.weights), {.l2 = 1}),
             {3.1199833187466712, 5.817098480534419}, 1e-12);
}

TEST(TrainLinear, FindsAnExactLineThroughOffsetData) {
  Dataset data{{"x"}, Matrix(50, 1), {}, {}};
  for (std::size_t i = 0; i < 50; ++i) {
    data.features.at(i, 0) = 1e6 + static_cast<double>(i);
    data.labels.push_back(3 * data.features.at(i, 0) - 7);
  }
  const auto model = train_linear(data, {.l2 = 0});
  EXPECT_NEAR(*model->predict_row(std::vector<double>{2e6}), 6e6 - 7, 1e-5);
}

TEST(TrainXgboost, RepeatsBitForBit) {
  const auto rows = make_rows(3000);
  for (const int threads : {1, 2}) {
    const XgboostParams params{.rounds = threads == 1 ? 30 : 3,
                               .subsample = 0.7,
                               .colsample = 0.7,
                               .seed = 5,
                               .threads = threads};
    const auto first = train_xgboost(rows.binary, Objective::binary, params);
    const auto again = train_xgboost(rows.binary, Objective::binary, params);
    ASSERT_TRUE(first) << first.error().message;
    EXPECT_EQ(first->serialize(), again->serialize());
  }
  auto other_seed = train_xgboost(rows.binary, Objective::binary, {.subsample = 0.7, .seed = 6});
  EXPECT_NE(
      other_seed->serialize(),
      train_xgboost(rows.binary, Objective::binary, {.subsample = 0.7, .seed = 7})->serialize());
}

TEST(TrainXgboost, LearnsBothObjectives) {
  const auto train = make_rows(4000), test = make_rows(2000, 43);
  const auto classes = train_xgboost(train.binary, Objective::binary, {.rounds = 60});
  const auto numbers = train_xgboost(train.regression, Objective::regression, {.rounds = 60});
  ASSERT_TRUE(classes && numbers);
  const auto p = *classes->predict(test.binary.features);
  const auto y = *numbers->predict(test.regression.features);
  EXPECT_GT(*auc({test.binary.labels, p}), 0.8);
  EXPECT_LT(*expected_calibration_error({test.binary.labels, p}), 0.05);
  EXPECT_GT(*r2({test.regression.labels, y}), 0.8);
  EXPECT_EQ(numbers->importance().front().feature, "a");
}

TEST(TrainXgboost, StopsEarlyAtTheBestRound) {
  const auto rows = make_rows(2000);
  const auto model = train_xgboost(rows.binary, Objective::binary,
                                   {.rounds = 500, .eta = 0.5, .early_stopping_rounds = 5});
  ASSERT_TRUE(model) << model.error().message;
  const auto trained = model->parameters()["trained_rounds"].as_int();
  EXPECT_LT(trained, 50);
  const Json document = *Json::parse(model->serialize());
  const auto& trees = document["xgboost"]["learner"]["gradient_booster"]["model"]["trees"];
  EXPECT_EQ(trees.size(), static_cast<std::size_t>(trained));
}

TEST(TrainXgboost, WeightZeroRowsDoNotCount) {
  auto rows = make_rows(1000).binary;
  const Dataset half = rows.slice(0, 500);
  for (std::size_t i = 0; i < 1000; ++i) rows.weights.push_back(i < 500 ? 1 : 0);
  const auto a = train_xgboost(rows, Objective::binary, {.rounds = 5});
  const auto b = train_xgboost(half, Objective::binary, {.rounds = 5});
  ASSERT_TRUE(a && b);
  const auto p = *a->predict(half.features), q = *b->predict(half.features);
  for (std::size_t i = 0; i < p.size(); ++i) ASSERT_NEAR(p[i], q[i], 0.1);
}

TEST(Train, RefusesParametersOutOfRange) {
  const auto rows = make_rows(20);
  const auto negative = train_logistic(rows.binary, {.l2 = -1});
  ASSERT_FALSE(negative);
  EXPECT_EQ(negative.error().message, "parameter 'l2' is -1.0; it must be between 0.0 and 1e+12");
  EXPECT_FALSE(train_linear(rows.regression, {.l2 = kMissing}));
  EXPECT_FALSE(train_xgboost(rows.binary, Objective::binary, {.rounds = 0}));
  EXPECT_FALSE(train_xgboost(rows.binary, Objective::binary, {.threads = 0}));
}

TEST(Train, RefusesUnfitData) {
  auto rows = make_rows(20);
  EXPECT_EQ(train_logistic(rows.regression).error().code, ErrorCode::data_invalid);
  rows.binary.features.at(3, 1) = std::numeric_limits<double>::infinity();
  const auto infinite = train_logistic(rows.binary);
  EXPECT_NE(infinite.error().message.find("'b' of row 4"), std::string::npos);
  rows.binary.features.at(3, 1) = 1e200;
  EXPECT_FALSE(train_logistic(rows.binary));
  EXPECT_FALSE(train_xgboost(rows.binary, Objective::binary));
  rows.binary.features.at(3, 1) = 0;
  rows.binary.feature_names[2] = "a";
  EXPECT_NE(train_logistic(rows.binary).error().message.find("twice"), std::string::npos);
  EXPECT_FALSE(train_linear(Dataset{}));
}

TEST(Train, RefusesOneClass) {
  auto rows = make_rows(40).binary;
  std::ranges::fill(rows.labels, 1.0);
  const auto one = train_xgboost(rows, Objective::binary, {.rounds = 2});
  ASSERT_FALSE(one.ok());
  EXPECT_EQ(one.error().message, "every label is 1; a binary model needs both classes");
  EXPECT_EQ(train_logistic(rows).error().message, one.error().message);
  // A class whose rows all have the weight zero is not there.
  rows.labels[0] = 0;
  rows.weights.assign(40, 1.0);
  rows.weights[0] = 0;
  EXPECT_FALSE(train_xgboost(rows, Objective::binary, {.rounds = 2}));
}

}  // namespace
}  // namespace millrace::ml
