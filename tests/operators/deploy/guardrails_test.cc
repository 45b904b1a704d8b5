#include "operators/deploy/guardrails.h"

#include <gtest/gtest.h>

namespace millrace::operators {
namespace {

VersionMetrics outcomes(std::int64_t n, double sum, double squares) {
  VersionMetrics out;
  out.outcomes = n;
  out.business_sum = sum;
  out.business_sum_squares = squares;
  return out;
}

TEST(Guardrails, MeanAndVarianceComeFromTheSums) {
  const auto seen = outcomes(4, 10, 30);  // 1, 2, 3, 4
  EXPECT_DOUBLE_EQ(seen.business_mean(), 2.5);
  EXPECT_DOUBLE_EQ(seen.business_variance(), 5.0 / 3);
}

// R: b <- c(rep(1, 80), rep(0, 20)); c <- c(rep(1, 60), rep(0, 40));
// z <- (mean(b) - mean(c)) / sqrt(var(b)/100 + var(c)/100); pnorm(z, lower.tail = FALSE)
// z = 0.2 / sqrt(0.16/99 + 0.24/99) = 3.146427; the tail of 3.146427 is 0.000826 (tables).
TEST(Guardrails, ADropOfTheMeanIsTestedByWelchsZ) {
  EXPECT_NEAR(mean_drop_p_value(outcomes(100, 60, 60), outcomes(100, 80, 80), 0), 0.000826, 2e-6);
  EXPECT_NEAR(mean_drop_p_value(outcomes(100, 60, 60), outcomes(100, 80, 80), 0.2), 0.5, 1e-9);
  EXPECT_EQ(mean_drop_p_value(outcomes(0, 0, 0), outcomes(100, 80, 80), 0), 1);
  EXPECT_EQ(mean_drop_p_value(outcomes(50, 0, 0), outcomes(50, 50, 50), 0), 0);
}

TEST(Guardrails, ABaselineOfItsOwnCountsOnceItHasEnough) {
  const auto version = [](const char* artifact, const char* role, int requests) {
    return ServingQuery::Version{.artifact = artifact, .role = role, .requests = requests};
  };
  const auto pick = [&](int own, int ordinary) {
    const ServingQuery::Answer answer{
        {version("new", "candidate", 7), version("old", "baseline", own),
         version("old", "champion", ordinary), version("older", "champion", 9999)}};
    return read_metrics(answer, "new", "old", 100);
  };
  EXPECT_EQ(pick(100, 1900).baseline.requests, 100);
  EXPECT_EQ(pick(99, 1900).baseline.requests, 1900);
  EXPECT_EQ(pick(50, 0).baseline.requests, 50);
  EXPECT_EQ(pick(50, 0).candidate.requests, 7);
}

TEST(Guardrails, EachLookSpendsItsShareOfAlpha) {
  ServingComparison seen;
  seen.candidate.requests = seen.baseline.requests = 10'000;
  seen.candidate.errors = 30;
  seen.baseline.errors = 10;  // p is about 0.0008
  Guardrails rails;
  rails.max_error_rate = 0.5;
  rails.looks = 1;
  EXPECT_EQ(find_breaches(rails, seen).size(), 1u);
  rails.looks = 50;
  EXPECT_TRUE(find_breaches(rails, seen).empty());
}

TEST(Guardrails, SaysWhatItCouldNotJudge) {
  ServingComparison seen;
  seen.candidate.requests = seen.baseline.requests = 100;
  seen.candidate.outcomes = 1296;
  seen.baseline.outcomes = 27;
  EXPECT_EQ(text_of(find_not_judged(Guardrails{}, seen)),
            "business: the baseline has 27 outcomes of 30");
  seen.baseline.outcomes = 30;
  EXPECT_TRUE(find_not_judged(Guardrails{}, seen).empty());
  Guardrails rails;
  rails.max_business_drop = -1;
  seen.candidate.outcomes = seen.baseline.outcomes = 0;
  EXPECT_TRUE(find_not_judged(rails, seen).empty());
  EXPECT_EQ(find_not_judged(rails, ServingComparison{}).size(), 4u);
}

TEST(Guardrails, NothingSeenIsNoBreach) {
  EXPECT_TRUE(find_breaches(Guardrails{}, ServingComparison{}).empty());
}

}  // namespace
}  // namespace millrace::operators
