// Reference values: R 4.2.2 with pROC 1.18.0 (roc.test, ci.auc, var, cov; method "delong"),
// scipy 1.10.1 (mannwhitneyu, binomtest, the distributions) and statsmodels 0.13.5 (mcnemar,
// proportion_confint, proportions_ztest, confint_proportions_2indep, multipletests).
#include "engine/ml/compare.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "engine/base/clock.h"
#include "engine/ml/distribution.h"
#include "tests/ml/fixtures.h"

namespace millrace::ml {
namespace {

/// Two models' scores of the same 150 rows; the baseline's have many ties.
struct Pair {
  std::vector<double> labels, baseline, candidate;
};

Pair make_pair(std::size_t count = 150, std::uint64_t seed = 7, double ability = 0.25) {
  Lcg lcg(seed);
  Pair out;
  for (std::size_t i = 0; i < count; ++i) {
    const double u = lcg.next(), v = lcg.next(), w = lcg.next();
    const double y = u < 0.4 ? 1 : 0;
    out.labels.push_back(y);
    out.baseline.push_back(std::floor((v + 0.3 * y) * 20) / 20);
    out.candidate.push_back(v * 0.6 + w * 0.5 + ability * y);
  }
  return out;
}

TEST(DeLong, AgreesWithProc) {
  const auto p = make_pair();
  const auto test = delong_test(p.labels, p.baseline, p.candidate);
  ASSERT_TRUE(test) << test.error().message;
  EXPECT_NEAR(test->comparison.baseline, 0.77687590187590183, 1e-14);
  EXPECT_NEAR(test->comparison.candidate, 0.78715728715728717, 1e-14);
  EXPECT_NEAR(test->z, 0.38769536632369328, 1e-12);
  EXPECT_NEAR(test->comparison.p_two_sided, 0.69824148525344265, 1e-12);
  EXPECT_NEAR(test->comparison.p_superior, 0.34912074262672133, 1e-12);
  EXPECT_NEAR(test->comparison.interval.low, -0.041695364025107380, 1e-12);
  EXPECT_NEAR(test->comparison.interval.high, 0.062258134587878051, 1e-12);
  EXPECT_NEAR(test->variance_baseline, 0.0013688130990131197, 1e-15);
  EXPECT_NEAR(test->variance_candidate, 0.0013765060679993136, 1e-15);
  EXPECT_NEAR(test->covariance, 0.0010210246194768699, 1e-15);
}

TEST(DeLong, IntervalsOfOneAucAgreeWithProc) {
  const auto p = make_pair();
  const auto ninety_five = *auc_with_interval(p.labels, p.baseline);
  EXPECT_NEAR(ninety_five.interval.low, 0.70436218487639002, 1e-12);
  EXPECT_NEAR(ninety_five.interval.high, 0.84938961887541997, 1e-12);
  const auto ninety = *auc_with_interval(p.labels, p.candidate, 0.9);
  EXPECT_NEAR(ninety.interval.low, 0.72613108801463999, 1e-12);
  EXPECT_NEAR(ninety.interval.high, 0.84818348629994, 1e-12);
}

/// The definition (DeLong et al. 1988, equations 4 to 7), pair by pair.
double variance_by_definition(const Pair& p) {
  std::vector<double> gains_of_positives, gains_of_negatives;
  const auto wins = [](double x, double y) { return x > y ? 1.0 : x == y ? 0.5 : 0.0; };
  for (std::size_t i = 0; i < p.labels.size(); ++i) {
    double sum = 0, others = 0;
    for (std::size_t j = 0; j < p.labels.size(); ++j) {
      if (p.labels[i] == p.labels[j]) continue;
      const auto [high, low] = p.labels[i] == 1 ? std::pair(i, j) : std::pair(j, i);
      sum += wins(p.candidate[high], p.candidate[low]) - wins(p.baseline[high], p.baseline[low]);
      ++others;
    }
    (p.labels[i] == 1 ? gains_of_positives : gains_of_negatives).push_back(sum / others);
  }
  double variance = 0;
  for (const auto* gains : {&gains_of_positives, &gains_of_negatives}) {
    const auto n = static_cast<double>(gains->size());
    double mean = 0, squares = 0;
    for (const double g : *gains) mean += g / n;
    for (const double g : *gains) squares += (g - mean) * (g - mean);
    variance += squares / (n - 1) / n;
  }
  return variance;
}

TEST(DeLong, EqualsItsDefinition) {
  for (const std::uint64_t seed : {1u, 2u, 3u, 4u}) {
    const auto p = make_pair(20 + seed * 50, seed);
    const double error = delong_test(p.labels, p.baseline, p.candidate)->comparison.standard_error;
    EXPECT_NEAR(error * error, variance_by_definition(p), 1e-14);
  }
}

TEST(DeLong, OfEqualRankingsHasNoDoubt) {
  const auto p = make_pair();
  auto squashed = p.candidate;
  for (double& x : squashed) x = std::tanh(x);
  const auto same = *delong_test(p.labels, p.candidate, squashed, {.margin = 0.001});
  EXPECT_EQ(same.comparison.improvement, 0);
  EXPECT_EQ(same.comparison.standard_error, 0);
  EXPECT_EQ(same.comparison.p_two_sided, 1);
  EXPECT_EQ(same.comparison.p_superior, 1);
  EXPECT_EQ(same.comparison.p_non_inferior, 0);
}

TEST(DeLong, MarginMovesTheQuestion) {
  const auto p = make_pair();
  const auto test = delong_test(p.labels, p.candidate, p.baseline, {.margin = 0.05})->comparison;
  EXPECT_LT(test.improvement, 0);
  EXPECT_GT(test.p_superior, 0.5);
  EXPECT_NEAR(test.p_non_inferior, normal_upper((test.improvement + 0.05) / test.standard_error),
              1e-15);
  EXPECT_LT(test.p_non_inferior, 0.1);
}

TEST(DeLong, KeepsItsLevel) {  // equal models: p < 0.05 in about five of a hundred samples
  int rejected = 0;
  constexpr int kSamples = 400;
  Rng rng(3);
  for (int k = 0; k < kSamples; ++k) {
    Pair p;
    for (int i = 0; i < 200; ++i) {
      const double y = rng.below(2) ? 1 : 0, common = rng.uniform() + 0.3 * y;
      p.labels.push_back(y);
      p.baseline.push_back(common + 0.5 * rng.uniform());
      p.candidate.push_back(common + 0.5 * rng.uniform());
    }
    rejected += delong_test(p.labels, p.baseline, p.candidate)->comparison.p_two_sided < 0.05;
  }
  EXPECT_GT(rejected, 8);  // 20 expected; within 2.8 deviations
  EXPECT_LT(rejected, 33);
}

TEST(DeLong, RefusesWhatHasNoAnswer) {
  const std::vector<double> labels = {1, 0, 0, 0}, scores = {1, 2, 3, 4}, ones = {1, 1, 1, 1};
  EXPECT_NE(delong_test(labels, scores, scores).error().message.find("two rows of each class"),
            std::string::npos);
  EXPECT_FALSE(delong_test(ones, scores, scores));
  EXPECT_FALSE(delong_test(labels, scores, std::vector<double>{1}));
  const auto p = make_pair();
  EXPECT_FALSE(delong_test(p.labels, p.baseline, p.candidate, {.confidence = 1}));
  EXPECT_FALSE(delong_test(p.labels, p.baseline, p.candidate, {.margin = -0.1}));
  EXPECT_FALSE(auc_with_interval(p.labels, p.baseline, kMissing));
}

TEST(McNemar, AgreesWithStatsmodels) {
  const struct {
    std::uint64_t b, c;
    double statistic, p, p_superior, within;
  } cases[] = {
      {5, 12, 5, 0.143463134765625, 0.0717315673828125, 1e-14},
      {0, 0, 0, 1, 1, 0},
      {0, 6, 0, 0.03125, 0.015625, 1e-15},
      {10, 10, 10, 1, 0.5880985260009766, 1e-14},
      {40, 60, 3.61, 0.05743311963200335, 0.02844396682049044, 1e-3},  // one-sided: exact binomial
      {30, 30, 0, 1, 0.5512890865042847, 1e-3},  // statsmodels corrects past zero; we stop at it
      {100, 61, 8.968944099378882, 0.0027460725193501115, 0.9992308416924254, 1e-3},
  };
  for (const auto& c : cases) {
    const auto test = mcnemar_test(c.b, c.c);
    EXPECT_EQ(test.exact, c.b + c.c < 25);
    EXPECT_NEAR(test.statistic, c.statistic, 1e-13);
    EXPECT_NEAR(test.p_two_sided, c.p, 1e-13);
    EXPECT_NEAR(test.p_superior, c.p_superior, c.within) << c.b << " " << c.c;
  }
}

TEST(McNemar, CountsTheRowsOnlyOneGetsRight) {
  const std::vector<double> labels = {1, 1, 0, 0, 1}, baseline = {.9, .2, .1, .9, .1},
                            candidate = {.9, .9, .5, .1, .6};
  const auto test = mcnemar_test(labels, baseline, candidate);
  ASSERT_TRUE(test);
  EXPECT_EQ(test->only_baseline, 1u);
  EXPECT_EQ(test->only_candidate, 3u);
  EXPECT_FALSE(mcnemar_test(labels, baseline, std::vector<double>{.5}));
}

TEST(Proportions, WilsonAgreesWithStatsmodels) {
  const auto expect = [](Proportion p, double confidence, double low, double high) {
    const auto interval = wilson_interval(p, confidence);
    EXPECT_NEAR(interval.low, low, 1e-14);
    EXPECT_NEAR(interval.high, high, 1e-14);
  };
  expect({0, 20}, 0.95, 0, 0.1611251580528194);
  expect({3, 20}, 0.95, 0.052368745896216595, 0.36041886474075696);
  expect({20, 20}, 0.95, 0.8388748419471804, 1);
  expect({812, 1000}, 0.99, 0.778156612230858, 0.8417305008694164);
}

TEST(Proportions, TwoSamplesAgreeWithStatsmodels) {
  const auto up = two_proportion_test({810, 1000}, {835, 1000}, true, {.margin = 0.02});
  ASSERT_TRUE(up);
  EXPECT_NEAR(up->z, 1.4630456554763143, 1e-12);
  EXPECT_NEAR(up->comparison.p_two_sided, 0.14345488662552333, 1e-12);
  EXPECT_NEAR(up->comparison.p_superior, 0.07172744331276167, 1e-12);
  EXPECT_NEAR(up->comparison.interval.low, -0.00851996028659037, 1e-12);
  EXPECT_NEAR(up->comparison.interval.high, 0.05848066213831915, 1e-12);
  EXPECT_NEAR(up->comparison.p_non_inferior, 0.004208195997327077, 1e-12);
  // Errors: fewer are better, so that the sign turns.
  const auto down = two_proportion_test({45, 500}, {30, 450}, false);
  EXPECT_NEAR(down->z, 1.3316656236958784, 1e-12);
  EXPECT_NEAR(down->comparison.p_superior, 1 - 0.9085149548908203, 1e-12);
  EXPECT_NEAR(down->comparison.interval.low, -0.011460243745016953, 1e-12);
  EXPECT_NEAR(down->comparison.interval.high, 0.05775006675391443, 1e-12);
}

TEST(Proportions, BearZeroCountsAndRefuseNonsense) {
  const auto none = two_proportion_test({0, 100}, {0, 50}, false);
  ASSERT_TRUE(none);
  EXPECT_EQ(none->z, 0);
  EXPECT_EQ(none->comparison.p_two_sided, 1);
  EXPECT_FALSE(two_proportion_test({1, 0}, {0, 1}, true));
  EXPECT_FALSE(two_proportion_test({1, 2}, {3, 2}, true));
}

TEST(MannWhitney, AgreesWithScipy) {
  const std::vector<double> x = {3.1, 2.2, 5.5, 4.4, 2.2, 9, 1, 7.5, 3.1, 6};
  const std::vector<double> y = {4.4, 8, 9.5, 3.1, 12, 7.5, 10, 6.6, 5, 11, 2.2};
  const auto test = mann_whitney_test(x, y);
  ASSERT_TRUE(test);
  EXPECT_EQ(test->u, 83);
  EXPECT_NEAR(test->z, 1.9781335843967567, 1e-12);
  EXPECT_NEAR(test->p_two_sided, 0.05203914696987436, 1e-13);
  EXPECT_NEAR(test->p_greater, 0.02601957348493718, 1e-13);
  EXPECT_NEAR(test->share, 83 / 110.0, 1e-15);
}

TEST(MannWhitney, BearsTiesAndRefusesNonsense) {
  const std::vector<double> same = {2, 2, 2}, none, bad = {1, kMissing};
  EXPECT_EQ(mann_whitney_test(same, same)->p_two_sided, 1);
  EXPECT_EQ(mann_whitney_test(same, same)->share, 0.5);
  EXPECT_FALSE(mann_whitney_test(none, same));
  EXPECT_FALSE(mann_whitney_test(same, bad));
}

TEST(Bootstrap, AgreesWithDeLongOnTheAuc) {
  const auto p = make_pair(600, 21, 0.4);
  const auto normal = delong_test(p.labels, p.baseline, p.candidate)->comparison;
  const auto drawn =
      paired_bootstrap(*metric_named("auc"), p.labels, p.baseline, p.candidate, {.seed = 1});
  ASSERT_TRUE(drawn) << drawn.error().message;
  EXPECT_DOUBLE_EQ(drawn->comparison.improvement, normal.improvement);
  EXPECT_NEAR(drawn->comparison.standard_error / normal.standard_error, 1, 0.1);
  EXPECT_NEAR(drawn->comparison.interval.low, normal.interval.low, normal.standard_error / 4);
  EXPECT_NEAR(drawn->comparison.interval.high, normal.interval.high, normal.standard_error / 4);
  EXPECT_EQ(drawn->improvements.size(), 2000u);
  EXPECT_TRUE(std::ranges::is_sorted(drawn->improvements));
}

TEST(Bootstrap, TurnsTheSignOfALoss) {
  const auto p = make_pair();
  std::vector<double> target, near, far;
  for (std::size_t i = 0; i < p.labels.size(); ++i) {
    target.push_back(p.candidate[i]);
    near.push_back(p.candidate[i] + 0.1 * (p.baseline[i] - 0.6));
    far.push_back(p.candidate[i] + 0.5 * (p.baseline[i] - 0.6));
  }
  const auto better = paired_bootstrap(*metric_named("rmse"), target, far, near);
  ASSERT_TRUE(better);
  EXPECT_GT(better->comparison.improvement, 0);
  EXPECT_NEAR(better->comparison.p_superior, 1.0 / 2001, 1e-12);
  const auto worse = paired_bootstrap(*metric_named("rmse"), target, near, far, {.margin = 10});
  EXPECT_LT(worse->comparison.improvement, 0);
  EXPECT_EQ(worse->comparison.p_superior, 1);
  EXPECT_NEAR(worse->comparison.p_non_inferior, 1.0 / 2001, 1e-12);
}

TEST(Bootstrap, OfAMeanHasTheStandardErrorOfTheMean) {
  const auto p = make_pair(400);
  std::vector<double> gains;
  double mean = 0, squares = 0;
  for (std::size_t i = 0; i < p.labels.size(); ++i) {
    const double a = p.candidate[i] - p.baseline[i], b = p.candidate[i] - p.labels[i];
    gains.push_back(std::abs(a) - std::abs(b));
    mean += gains.back() / 400;
  }
  for (const double g : gains) squares += (g - mean) * (g - mean);
  const auto drawn = paired_bootstrap(*metric_named("mae"), p.candidate, p.baseline, p.labels);
  EXPECT_NEAR(drawn->comparison.improvement, mean, 1e-14);
  EXPECT_NEAR(drawn->comparison.standard_error / std::sqrt(squares / 399 / 400), 1, 0.1);
}

TEST(Bootstrap, RepeatsBySeedAndOfEqualModelsIsZero) {
  const auto p = make_pair();
  const auto metric = *metric_named("average_precision");
  const auto run = [&](std::uint64_t seed) {
    return paired_bootstrap(metric, p.labels, p.baseline, p.candidate,
                            {.resamples = 200, .seed = seed})
        ->improvements;
  };
  EXPECT_EQ(run(5), run(5));
  EXPECT_NE(run(5), run(6));
  const auto same = paired_bootstrap(metric, p.labels, p.baseline, p.baseline)->comparison;
  EXPECT_EQ(same.standard_error, 0);
  EXPECT_EQ(same.p_two_sided, 1);
  EXPECT_FALSE(paired_bootstrap(metric, p.labels, p.baseline, p.baseline, {.resamples = 5}));
  EXPECT_FALSE(paired_bootstrap(*metric_named("brier"), p.labels, p.baseline, p.candidate));
}

TEST(Holm, AgreesWithStatsmodels) {
  const std::vector<double> p = {.01, .04, .03, .005, .2}, expected = {.04, .09, .09, .025, .2};
  const auto adjusted = holm_adjusted(p);
  for (std::size_t i = 0; i < p.size(); ++i) EXPECT_NEAR(adjusted[i], expected[i], 1e-15);
  EXPECT_TRUE(holm_adjusted({}).empty());
}

TEST(Distribution, AgreesWithScipy) {
  const auto relative = [](double ours, double theirs) {
    EXPECT_NEAR(ours / theirs, 1, 1e-12) << ours << " " << theirs;
  };
  relative(normal_upper(-1), 0.8413447460685429);
  relative(normal_upper(1.96), 0.024997895148220435);
  relative(normal_upper(8), 6.22096057427174e-16);
  relative(normal_upper(30), 4.906713927147908e-198);
  relative(normal_quantile(1e-10), -6.361340902404056);
  relative(normal_quantile(.999), 3.090232306167813);
  EXPECT_NEAR(normal_quantile(.5), 0, 1e-15);
  EXPECT_EQ(normal_quantile(1), INFINITY);
  relative(chi_squared_upper(3.84, 1), 0.05004352124870519);
  relative(chi_squared_upper(.5, 3), 0.9188914116546758);
  relative(chi_squared_upper(80, 10), 5.020464318829132e-13);
  relative(binomial_cdf(3, 10, .5), 0.171875);
  relative(binomial_cdf(0, 5, .2), 0.32768);
  relative(binomial_cdf(450, 1000, .5), 0.0008652680424881512);
  relative(kolmogorov_upper(.1), 1);
  relative(kolmogorov_upper(.3), 0.9999906941986655);
  relative(kolmogorov_upper(.5), 0.9639452436648751);
  relative(kolmogorov_upper(.999), 0.27107316411506394);
  relative(kolmogorov_upper(1), 0.26999967167735456);
  relative(kolmogorov_upper(1.36), 0.049485876755377876);
  relative(kolmogorov_upper(4), 2.532833109818835e-14);
}

}  // namespace
}  // namespace millrace::ml
