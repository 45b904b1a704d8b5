#include "operators/ml/judge.h"

#include <gtest/gtest.h>

#include "engine/base/clock.h"

namespace millrace::operators {
namespace {

/// Labels, and predictions that know the truth up to `noise`.
struct Sample {
  std::vector<double> labels;
  Candidate with_noise(std::string artifact, double noise, std::uint64_t seed) const {
    Rng rng(seed);
    Candidate out;
    out.artifact = std::move(artifact);
    out.algorithm = "fake";
    for (const double label : labels)
      out.predictions.push_back((label + noise * rng.uniform()) / (1 + noise));
    return out;
  }
};

Sample sample(int rows) {
  Rng rng(1);
  Sample out;
  for (int i = 0; i < rows; ++i) out.labels.push_back(rng.uniform() < 0.3 ? 1 : 0);
  return out;
}

bool passed(const Judgement& one, std::string_view name) {
  for (const Gate& gate : one.gates)
    if (gate.name == name) return gate.passed;
  ADD_FAILURE() << "there is no gate " << name;
  return false;
}

/// Gates that only look at the ranking.
Gates ranking_only() {
  Gates gates;
  gates.max_ece_increase = gates.max_brier_increase = 1;
  return gates;
}

TEST(Judge, PassesAChallengerThatRanksSurelyBetter) {
  const Sample rows = sample(2000);
  const auto champion = rows.with_noise("old", 6, 2), challenger = rows.with_noise("new", 3, 3);
  const auto judged =
      judge(ml::Objective::binary, rows.labels, &champion, {challenger}, ranking_only());
  ASSERT_TRUE(judged.ok()) << judged.error().to_string();
  const Judgement& one = judged->front();
  EXPECT_TRUE(one.passed());
  EXPECT_GT(one.improvement, 0);
  EXPECT_LT(one.p_value, 1e-6);
  EXPECT_EQ(one.p_value, one.p_adjusted);
  EXPECT_TRUE(one.tests.contains("delong"));
  EXPECT_TRUE(one.tests.contains("mcnemar"));
}

TEST(Judge, RefusesOneThatIsNoBetter) {
  const Sample rows = sample(2000);
  const auto champion = rows.with_noise("old", 5, 2), challenger = rows.with_noise("new", 5, 3);
  const auto judged =
      judge(ml::Objective::binary, rows.labels, &champion, {challenger}, ranking_only());
  ASSERT_TRUE(judged.ok());
  EXPECT_FALSE(passed(judged->front(), "significance"));
  EXPECT_FALSE(judged->front().passed());
}

TEST(Judge, RefusesAnEffectTooSmallToMatter) {
  const Sample rows = sample(2000);
  const auto champion = rows.with_noise("old", 6, 2), challenger = rows.with_noise("new", 3, 3);
  Gates gates = ranking_only();
  gates.min_effect = 0.5;
  const auto judged = judge(ml::Objective::binary, rows.labels, &champion, {challenger}, gates);
  EXPECT_FALSE(passed(judged->front(), "effect"));
  EXPECT_TRUE(passed(judged->front(), "significance"));
}

TEST(Judge, EachOfSeveralChallengersPaysForTheOthers) {
  const Sample rows = sample(2000);
  const auto champion = rows.with_noise("old", 5, 2);
  std::vector<Candidate> many;
  for (std::uint64_t i = 0; i < 5; ++i)
    many.push_back(rows.with_noise("c" + std::to_string(i), 5, 10 + i));
  const auto judged = judge(ml::Objective::binary, rows.labels, &champion, many, ranking_only());
  ASSERT_TRUE(judged.ok());
  double least = 1, least_adjusted = 1;
  for (const Judgement& one : *judged) {
    EXPECT_GE(one.p_adjusted, one.p_value);
    least = std::min(least, one.p_value);
    least_adjusted = std::min(least_adjusted, one.p_adjusted);
  }
  // Holm 1979: the smallest of five is multiplied by five.
  EXPECT_DOUBLE_EQ(least_adjusted, std::min(1.0, 5 * least));
}

TEST(Judge, ABetterRankingMustNotCostCalibrationOrDecisions) {
  const Sample rows = sample(2000);
  const auto champion = rows.with_noise("old", 2, 2);
  auto challenger = rows.with_noise("new", 1, 3);
  for (double& p : challenger.predictions) p = 0.5 + p / 2;  // says yes to everybody
  const auto judged = judge(ml::Objective::binary, rows.labels, &champion, {challenger}, Gates{});
  ASSERT_TRUE(judged.ok());
  const Judgement& one = judged->front();
  EXPECT_FALSE(passed(one, "ece"));
  EXPECT_FALSE(passed(one, "brier"));
  EXPECT_FALSE(passed(one, "decisions"));
}

TEST(Judge, TheChampionCannotBeatItself) {
  const Sample rows = sample(500);
  const auto champion = rows.with_noise("same", 3, 2);
  const auto judged = judge(ml::Objective::binary, rows.labels, &champion, {champion}, Gates{});
  ASSERT_TRUE(judged.ok());
  EXPECT_FALSE(passed(judged->front(), "new"));
  EXPECT_FALSE(passed(judged->front(), "significance"));
}

TEST(Judge, AFirstChampionMustBeatGuessing) {
  const Sample rows = sample(1000);
  const auto good =
      judge(ml::Objective::binary, rows.labels, nullptr, {rows.with_noise("good", 3, 2)}, Gates{});
  ASSERT_TRUE(good.ok());
  EXPECT_TRUE(good->front().passed());
  EXPECT_LT(good->front().p_value, 1e-9);
  Candidate noise = rows.with_noise("noise", 3, 2);
  Rng rng(4);
  for (double& p : noise.predictions) p = rng.uniform();
  const auto bad = judge(ml::Objective::binary, rows.labels, nullptr, {noise}, Gates{});
  EXPECT_FALSE(passed(bad->front(), "first"));
}

TEST(Judge, LatencyAndRowsAreGates) {
  const Sample rows = sample(100);
  Candidate slow = rows.with_noise("slow", 3, 2);
  slow.latency_p95_us = 1500;
  Gates gates;
  gates.min_rows = 200;
  const auto judged = judge(ml::Objective::binary, rows.labels, nullptr, {slow}, gates);
  ASSERT_TRUE(judged.ok());
  EXPECT_FALSE(passed(judged->front(), "latency"));
  EXPECT_FALSE(passed(judged->front(), "rows"));
}

TEST(Judge, NumbersAreComparedByTheirErrors) {
  std::vector<double> labels;
  Candidate champion, challenger;
  champion.artifact = "old";
  challenger.artifact = "new";
  Rng rng(5);
  for (int i = 0; i < 500; ++i) {
    labels.push_back(i % 50);
    champion.predictions.push_back(labels.back() + 10 * (rng.uniform() - 0.5));
    challenger.predictions.push_back(labels.back() + 5 * (rng.uniform() - 0.5));
  }
  const auto judged = judge(ml::Objective::regression, labels, &champion, {challenger}, Gates{});
  ASSERT_TRUE(judged.ok()) << judged.error().to_string();
  EXPECT_TRUE(judged->front().passed());
  EXPECT_TRUE(judged->front().tests.contains("bootstrap"));
}

TEST(Judge, LabelsOfOneClassAllowNoAnswer) {
  const std::vector<double> labels(300, 1.0);
  Candidate any;
  any.predictions.assign(300, 0.5);
  EXPECT_EQ(judge(ml::Objective::binary, labels, nullptr, {any}, Gates{}).error().code,
            ErrorCode::data_invalid);
}

TEST(Judge, TheIntervalIsOfTheValueWhateverTheObjective) {
  const Sample rows = sample(2000);
  const auto champion = rows.with_noise("old", 6, 2), challenger = rows.with_noise("new", 3, 3);
  for (const auto objective : {ml::Objective::binary, ml::Objective::regression}) {
    const auto judged = judge(objective, rows.labels, &champion, {challenger}, ranking_only());
    ASSERT_TRUE(judged.ok()) << judged.error().to_string();
    const Judgement& one = judged->front();
    EXPECT_LT(one.interval.low, one.value);
    EXPECT_GT(one.interval.high, one.value);
    ASSERT_TRUE(one.improvement_interval.has_value());
    EXPECT_LT(one.improvement_interval->low, one.improvement);
    EXPECT_GT(one.improvement_interval->high, one.improvement);
    const auto first = judge(objective, rows.labels, nullptr, {challenger}, ranking_only());
    ASSERT_TRUE(first.ok()) << first.error().to_string();
    EXPECT_EQ(first->front().value, one.value);
    EXPECT_EQ(first->front().interval.low, one.interval.low);
    EXPECT_FALSE(first->front().improvement_interval.has_value());
  }
}

}  // namespace
}  // namespace millrace::operators
