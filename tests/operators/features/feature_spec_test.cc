#include "operators/features/feature_spec.h"

#include <gtest/gtest.h>

namespace millrace {
namespace {

std::string problem_of(std::string_view features) {
  const auto parsed = parse_features(*Json::parse(features), {"id"});
  return parsed.ok() ? "none" : parsed.error().message;
}

TEST(FeatureSpec, ReadsBothKinds) {
  const auto parsed = parse_features(*Json::parse(R"json({
      "hour": {"expression": "hour(date)"}, "short": "distance < 500",
      "late": {"aggregate": "rate", "of": "delay > 15", "window": "7d", "by": ["origin"],
               "delay": "1d"},
      "seen": {"aggregate": "count", "lag": "2h"}})json"),
                                     {"id"});
  ASSERT_TRUE(parsed.ok()) << parsed.error().message;
  EXPECT_FALSE((*parsed)[0].is_aggregate());
  EXPECT_EQ((*parsed)[1].expression, "distance < 500");
  EXPECT_EQ((*parsed)[2].window.window, 7 * 86'400'000'000);
  EXPECT_EQ((*parsed)[2].window.delay, 86'400'000'000);
  EXPECT_EQ((*parsed)[2].by, std::vector<std::string>{"origin"});
  EXPECT_EQ((*parsed)[3].window.window, kWholePast);
  EXPECT_EQ((*parsed)[3].window.delay, 7'200'000'000);
  EXPECT_EQ((*parsed)[3].by, std::vector<std::string>{"id"});
}

TEST(FeatureSpec, ListsAllProblems) {
  const std::string problems = problem_of(R"json({
      "a": {"aggregate": "mean"}, "b": {"expresion": "x"}, "c": {},
      "d": {"aggregate": "avg", "of": "x"}, "e": {"expression": "x", "window": "1d"},
      "f": {"aggregate": "sum", "of": "x", "window": "7"}, "g": 7,
      "h": {"aggregate": "sum", "of": "x", "window": "0s"}})json");
  for (const char* expected :
       {"feature 'a': aggregate mean needs of", "feature 'b': has no 'expresion'; did you mean",
        "feature 'c': needs either", "feature 'd': 'avg' is no aggregate",
        "feature 'e': window belongs to an aggregate", "feature 'f': window must be a duration",
        "feature 'g': must be", "feature 'h': window must be longer"})
    EXPECT_NE(problems.find(expected), std::string::npos) << expected << "\nin: " << problems;
  EXPECT_NE(problem_of("{}"), "none");
  EXPECT_NE(problem_of("[]"), "none");
}

TEST(FeatureSpec, AnExpressionSeesItsRowOnly) {
  auto session = data::Session::open();
  ASSERT_TRUE(session.ok());
  const auto columns = check_row_expression(*session, "hour(date) + abs(t.delay)", "feature 'x'");
  ASSERT_TRUE(columns.ok()) << columns.error().message;
  EXPECT_EQ(*columns, (std::vector<std::string>{"date", "delay"}));
  EXPECT_TRUE(check_row_expression(*session, "age(a, b)", "x").ok());
  for (const char* bad : {"avg(delay) OVER (ORDER BY date)", "(SELECT max(delay) FROM f)",
                          "random()", "now()", "current_date", "lead(delay) OVER ()",
                          "coalesce(x, uuid())", "age(a)", "x IN (SELECT 1)"}) {
    const auto refused = check_row_expression(*session, bad, "feature 'x'");
    EXPECT_FALSE(refused.ok()) << bad;
  }
}

}  // namespace
}  // namespace millrace
