// Reference values: scipy 1.10.1 (ks_2samp's statistic, special.kolmogorov, wasserstein_distance,
// jensenshannon) and numpy for the stability index.
#include "engine/ml/drift.h"

#include <gtest/gtest.h>

#include <cmath>

#include "tests/ml/fixtures.h"

namespace millrace::ml {
namespace {

struct Samples {
  std::vector<double> reference, current;
};

Samples make_samples() {
  Lcg lcg(9);
  Samples out;
  for (int i = 0; i < 80; ++i) out.reference.push_back(lcg.next() * 10);
  for (int i = 0; i < 60; ++i) {
    const double u = lcg.next();
    out.current.push_back(u * u * 12);
  }
  return out;
}

TEST(Drift, SampleDistancesAgreeWithScipy) {
  const auto s = make_samples();
  const auto ks = ks_test(s.reference, s.current);
  ASSERT_TRUE(ks);
  EXPECT_NEAR(ks->statistic, 0.18333333333333332, 1e-14);
  EXPECT_NEAR(ks->p_value, 0.19936684700468923, 1e-12);
  EXPECT_NEAR(*wasserstein_distance(s.reference, s.current), 1.0207802177740128, 1e-12);
  EXPECT_NEAR(*normed_wasserstein_distance(s.reference, s.current), 0.3460222757661014, 1e-12);
  const std::vector<double> a = {1, 1, 2, 5}, b = {1, 3, 3};
  EXPECT_NEAR(*wasserstein_distance(a, b), 1.0833333333333335, 1e-14);
}

TEST(Drift, CountDistancesAgreeWithScipy) {
  const std::vector<std::uint64_t> a = {10, 20, 30, 0, 40}, b = {15, 15, 30, 5, 35};
  EXPECT_NEAR(*jensen_shannon_distance(a, b), 0.14990466537283076, 1e-14);
  EXPECT_NEAR(*population_stability_index(a, b), 0.35144287277049074, 1e-14);
  const std::vector<std::uint64_t> left = {1, 0}, right = {0, 1};
  EXPECT_NEAR(*jensen_shannon_distance(left, right), 0.8325546111576977, 1e-15);
  EXPECT_EQ(*jensen_shannon_distance(a, a), 0);
  EXPECT_EQ(*population_stability_index(a, a), 0);
}

TEST(Drift, MissingValuesAreLeftOutOrABinOfTheirOwn) {
  const std::vector<double> a = {1, kMissing, 2}, b = {1, 2};
  EXPECT_EQ(*wasserstein_distance(a, b), 0);
  EXPECT_EQ(ks_test(a, b)->statistic, 0);
  const std::vector<double> edges = {1.0};
  EXPECT_EQ(count_bins(a, edges), (std::vector<std::uint64_t>{1, 1, 1}));
}

TEST(Drift, QuantileEdgesSplitEvenlyAndSkipTies) {
  std::vector<double> values;
  for (int i = 0; i < 1000; ++i) values.push_back(i);
  const auto edges = quantile_edges(values, 4);
  ASSERT_TRUE(edges);
  for (const auto count : count_bins(values, *edges)) EXPECT_TRUE(count == 250 || count == 0);
  const std::vector<double> tied = {1, 1, 1, 1, 1, 1, 1, 1, 2};
  EXPECT_EQ(*quantile_edges(tied), std::vector<double>{1});
  EXPECT_TRUE(quantile_edges(std::vector<double>{3, 3})->empty());
}

TEST(Drift, RefusesWhatHasNoAnswer) {
  const std::vector<double> none, holes = {kMissing}, some = {1}, wide = {INFINITY};
  EXPECT_FALSE(ks_test(none, some));
  EXPECT_FALSE(ks_test(some, holes));
  EXPECT_FALSE(wasserstein_distance(wide, some));
  EXPECT_FALSE(quantile_edges(some, 1));
  const std::vector<std::uint64_t> two = {1, 2}, three = {1, 2, 3}, zero = {0, 0};
  EXPECT_FALSE(population_stability_index(two, three));
  EXPECT_FALSE(jensen_shannon_distance(two, zero));
}

}  // namespace
}  // namespace millrace::ml
