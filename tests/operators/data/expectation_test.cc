#include "operators/data/expectation.h"

#include <gtest/gtest.h>

namespace millrace {
namespace {

Result<std::vector<Expectation>> parse(std::string_view json) {
  return parse_expectations(*Json::parse(json));
}

std::string problem_of(std::string_view json) {
  const auto parsed = parse(json);
  return parsed.ok() ? "none" : parsed.error().message;
}

TEST(Expectation, ReadsBothShapesOfGreatExpectations) {
  const auto parsed = parse(R"([
    {"type": "expect_column_values_to_be_between", "mostly": 0.9, "severity": "warning",
     "kwargs": {"column": "a", "min_value": 1}, "row_condition": "b > 0"},
    {"expectation_type": "expect_column_values_to_be_between", "column": "a", "max_value": 2,
     "kwargs": {"mostly": 0.5}, "meta": {"notes": "x"}}])");
  ASSERT_TRUE(parsed.ok()) << parsed.error().message;
  EXPECT_EQ((*parsed)[0].mostly, 0.9);
  EXPECT_EQ((*parsed)[0].row_condition, "b > 0");
  EXPECT_EQ((*parsed)[0].severity, ExpectationSeverity::warning);
  EXPECT_EQ((*parsed)[0].source, "expectations[0]");
  EXPECT_EQ((*parsed)[1].kwargs.dump(), R"({"column":"a","max_value":2})");
  EXPECT_EQ((*parsed)[1].mostly, 0.5);
  EXPECT_EQ((*parsed)[1].severity, ExpectationSeverity::error);
}

TEST(Expectation, ListsAllProblemsAtOnce) {
  const std::string problems = problem_of(R"([
    {"type": "expect_column_value_to_be_between", "kwargs": {"column": "a"}},
    {"type": "expect_column_values_to_be_between", "kwargs": {"column": "a"}},
    {"type": "expect_column_values_to_match_regex", "kwargs": {"column": "a", "regx": "x"}},
    {"type": "expect_column_values_to_be_in_set", "kwargs": {"column": 7, "value_set": "x"}},
    {"type": "expect_table_row_count_to_equal", "value": 3, "severity": "fatal", "mostly": 2}])");
  for (const char* expected :
       {"expectations[0]: unknown type 'expect_column_value_to_be_between'; did you mean "
        "'expect_column_values_to_be_between'?",
        "expectations[1] (expect_column_values_to_be_between) needs min_value or max_value",
        "expectations[2] (expect_column_values_to_match_regex) needs regex", "'regx'",
        "expectations[3]: column must be a string", "expectations[3]: value_set must be a list",
        "severity 'fatal' is not one of", "mostly must be a number from 0 to 1"})
    EXPECT_NE(problems.find(expected), std::string::npos) << expected << "\nin: " << problems;
}

TEST(Expectation, TakesASuiteOfGreatExpectations) {
  // The shape that great_expectations 0.18 and 1.x save a suite in.
  const auto parsed = parse(R"({"expectation_suite_name": "s", "meta": {}, "expectations": [
    {"expectation_type": "expect_column_pair_values_a_to_be_greater_than_b", "meta": {},
     "kwargs": {"column_A": "a", "column_B": "b", "ignore_row_if": "neither", "mostly": 0.5,
                "result_format": {"result_format": "COMPLETE", "partial_unexpected_count": 5}}},
    {"type": "expect_column_most_common_value_to_be_in_set", "id": "1", "rendered_content": [],
     "kwargs": {"column": "a", "value_set": [1], "ties_okay": null}, "severity": "critical"}]})");
  ASSERT_TRUE(parsed.ok()) << parsed.error().message;
  EXPECT_EQ((*parsed)[0].most_listed, 5);
  EXPECT_EQ((*parsed)[0].kwargs.dump(),
            R"({"column_A":"a","column_B":"b","ignore_row_if":"neither"})");
  EXPECT_EQ((*parsed)[1].severity, ExpectationSeverity::error);
  const std::string problems = problem_of(R"([
    {"type": "expect_column_pair_values_to_be_equal", "column_A": "a", "column_B": "b",
     "ignore_row_if": "never"},
    {"type": "expect_multicolumn_sum_to_equal", "column_list": ["a"], "sum_total": 1,
     "ignore_row_if": "neither"},
    {"type": "expect_column_values_to_not_be_null", "column": "a", "result_format": "FULL"},
    {"type": "expect_column_values_to_not_be_null", "column": "a", "ignore_row_if": "never"}])");
  for (const char* expected :
       {"expectations[0]: ignore_row_if 'never' is not one of both_values_are_missing, "
        "either_value_is_missing, neither",
        "expectations[1]: ignore_row_if 'neither' is not one of all_values_are_missing, "
        "any_value_is_missing, never",
        "expectations[2]: result_format must be BOOLEAN_ONLY, BASIC, SUMMARY or COMPLETE",
        "expectations[3] (expect_column_values_to_not_be_null) has no kwarg 'ignore_row_if'"})
    EXPECT_NE(problems.find(expected), std::string::npos) << expected << "\nin: " << problems;
}

TEST(Expectation, RefusesOtherShapes) {
  EXPECT_NE(problem_of(R"({"type": "x"})"), "none");
  EXPECT_NE(problem_of("[7]"), "none");
  EXPECT_EQ(problem_of("[]"), "none");
  EXPECT_GE(expectation_type_names().size(), 40u);
}

}  // namespace
}  // namespace millrace
