// Reference values: scikit-learn 1.2.1 (the calibration error: numpy, from its definition).
#include "engine/ml/metrics.h"

#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "engine/base/clock.h"

namespace millrace::ml {
namespace {

const std::vector<double> kLabels = {0, 1, 1, 0, 1, 0, 0, 1, 1, 0, 1, 0};
const std::vector<double> kScores = {.1, .8, .8, .3, .3, .5, .2, .9, .5, .5, .65, .05};
const std::vector<double> kWeights = {1, 2, 1, .5, 1, 3, 1, 0, 1, 2, 1.5, 1};
const std::vector<double> kTruth = {3, -.5, 2, 7, 4.2, 1.5, -2};
const std::vector<double> kGuess = {2.5, 0, 2, 8, 4, 1.1, -2.5};
const std::vector<double> kTruthWeights = {1, 2, .5, 1, 1, 3, 1};

void expect_all(Objective objective, const Scored& scored,
                const std::map<std::string_view, double>& expected) {
  const auto values = evaluate_all(objective, scored);
  ASSERT_TRUE(values) << values.error().message;
  ASSERT_EQ(values->size(), expected.size());
  for (const auto& [name, value] : *values) {
    ASSERT_TRUE(expected.contains(name)) << name;
    EXPECT_NEAR(value, expected.at(name), 1e-14) << name;
  }
}

TEST(Metrics, BinaryAgreesWithScikitLearn) {
  expect_all(Objective::binary, {kLabels, kScores},
             {{"auc", 0.9027777777777778},
              {"average_precision", 0.8968253968253967},
              {"log_loss", 0.4168597654735659},
              {"brier", 0.13291666666666666},
              {"accuracy", 0.75},
              {"precision", 0.7142857142857143},
              {"recall", 0.8333333333333334},
              {"f1", 0.7692307692307692},
              {"ece", 0.175}});
}

TEST(Metrics, BinaryWithWeightsAgreesWithScikitLearn) {
  expect_all(Objective::binary, {kLabels, kScores, kWeights},
             {{"auc", 0.8597285067873303},
              {"average_precision", 0.8562271062271062},
              {"log_loss", 0.4824397166063914},
              {"brier", 0.15941666666666665},
              {"accuracy", 0.6},
              {"precision", 0.5238095238095238},
              {"recall", 0.8461538461538461},
              {"f1", 0.6470588235294118},
              {"ece", 0.2683333333333333}});
}

TEST(Metrics, RegressionAgreesWithScikitLearn) {
  expect_all(Objective::regression, {kTruth, kGuess},
             {{"rmse", 0.5277986629117476},
              {"mae", 0.4428571428571429},
              {"r2", 0.9633005323439264},
              {"mape", 0.267687074829932}});
  expect_all(Objective::regression, {kTruth, kGuess, kTruthWeights},
             {{"rmse", 0.5150370451673713},
              {"mae", 0.46315789473684216},
              {"r2", 0.9576706479361347},
              {"mape", 0.3586466165413533}});
}

TEST(Metrics, AucCountsPairsAndHalvesTies) {
  Rng rng(7);
  std::vector<double> labels, scores;
  for (int i = 0; i < 500; ++i) {
    labels.push_back(static_cast<double>(rng.below(2)));
    scores.push_back(static_cast<double>(rng.below(20)) - 10);  // many ties, any scale
  }
  double wins = 0, pairs = 0;
  for (std::size_t i = 0; i < labels.size(); ++i)
    for (std::size_t j = 0; j < labels.size(); ++j) {
      if (labels[i] != 1 || labels[j] != 0) continue;
      wins += scores[i] > scores[j] ? 1 : scores[i] == scores[j] ? 0.5 : 0;
      ++pairs;
    }
  EXPECT_DOUBLE_EQ(*auc({labels, scores}), wins / pairs);
}

TEST(Metrics, WholeWeightsAreRepeatedRows) {
  std::vector<double> labels, scores, counts;
  for (std::size_t i = 0; i < kLabels.size(); ++i) {
    counts.push_back(static_cast<double>(i % 3));
    for (std::size_t k = 0; k < i % 3; ++k) {
      labels.push_back(kLabels[i]);
      scores.push_back(kScores[i]);
    }
  }
  for (const auto& metric : all_metrics()) {
    if (metric.objective != Objective::binary) continue;
    EXPECT_NEAR(*metric.evaluate({kLabels, kScores, counts}), *metric.evaluate({labels, scores}),
                1e-14)
        << metric.name;
  }
}

TEST(Metrics, ClipsCertainMistakesAsScikitLearn) {
  const std::vector<double> labels = {1, 0, 1}, sure = {1.0, 0.0, 0.0};
  EXPECT_NEAR(*log_loss({labels, sure}), 12.014551129705717, 1e-12);
}

TEST(Metrics, SayWhatIsUndefined) {
  const std::vector<double> ones = {1, 1}, zeros = {0, 0}, p = {.2, .4};
  EXPECT_EQ(auc({ones, p}).error().code, ErrorCode::data_invalid);
  EXPECT_NE(auc({zeros, p}).error().message.find("every label is 0"), std::string::npos);
  EXPECT_FALSE(average_precision({zeros, p}));
  EXPECT_FALSE(r2({ones, p}));
  EXPECT_NE(mape({zeros, p}).error().message.find("row 1 is 0"), std::string::npos);
  const auto all = evaluate_all(Objective::binary, {ones, p});
  ASSERT_TRUE(all);
  EXPECT_TRUE(std::isnan(all->front().value));
}

TEST(Metrics, RefuseUnfitRows) {
  const std::vector<double> labels = {1, 0}, two = {1, 2}, p = {.2, .4}, wide = {.2, 1.4},
                            missing = {.2, kMissing}, one = {.5}, none;
  EXPECT_FALSE(auc({none, none}));
  EXPECT_FALSE(auc({labels, one}));
  EXPECT_FALSE(auc({labels, p, one}));
  EXPECT_FALSE(auc({labels, missing}));
  EXPECT_FALSE(auc({two, p}));
  EXPECT_TRUE(auc({labels, wide}));
  EXPECT_NE(brier({labels, wide}).error().message.find("row 2"), std::string::npos);
  EXPECT_FALSE(brier({labels, p, std::vector<double>{0, 0}}));
  EXPECT_FALSE(rmse({missing, p}));
}

TEST(Metrics, RowLossesAddUpToTheMetric) {
  for (const auto& metric : all_metrics()) {
    if (metric.row_loss == nullptr) continue;
    const bool binary = metric.objective == Objective::binary;
    const auto& labels = binary ? kLabels : kTruth;
    const auto& predictions = binary ? kScores : kGuess;
    double mean = 0;
    for (std::size_t i = 0; i < labels.size(); ++i)
      mean += metric.row_loss(labels[i], predictions[i]) / static_cast<double>(labels.size());
    EXPECT_NEAR(*metric.evaluate({labels, predictions}), metric.root ? std::sqrt(mean) : mean,
                1e-14)
        << metric.name;
  }
}

TEST(Metrics, AreFoundByName) {
  EXPECT_TRUE(metric_named("auc")->higher_is_better);
  EXPECT_FALSE(metric_named("log_loss")->higher_is_better);
  EXPECT_NE(metric_named("log_los").error().message.find("did you mean 'log_loss'"),
            std::string::npos);
}

}  // namespace
}  // namespace millrace::ml
