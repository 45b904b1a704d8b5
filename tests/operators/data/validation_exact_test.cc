// Nulls, ties, z-scores and bounds, as Great Expectations 0.18 and 1.x judge them with pandas and
// as written. Deviations as R's sd and scale give them.
#include <chrono>

#include "tests/operators/data/validation_fixture.h"

namespace millrace {
namespace {

// Rows with nulls as Great Expectations 0.18 and 1.x judge them with pandas: both (or all) values
// missing is left out, any other null does not fulfil the condition.
TEST_F(ValidationTest, ARowWithANullIsUnexpected) {
  EXPECT_EQ(
      rows("expect_column_pair_values_a_to_be_greater_than_b",
           R"("column_A": "a", "column_B": "b")"),
      R"(failed 5 [{"a":5,"b":5},{"a":7,"b":8},{"a":8,"b":8},{"a":1,"b":1},{"a":2,"b":null}])");
  EXPECT_EQ(rows("expect_column_pair_values_a_to_be_greater_than_b",
                 R"("column_A": "a", "column_B": "b", "ignore_row_if": "either_value_is_missing")")
                .substr(0, 8),
            "failed 4");
  use("SELECT * FROM (VALUES (1, 2, 3), (2, NULL, 4), (NULL, NULL, NULL), (2, NULL, 4), (6, 0, 0)) "
      "t(a, b, c)");
  const auto sum = [&](const char* ignore) {
    return rows("expect_multicolumn_sum_to_equal",
                R"("column_list": ["a", "b", "c"], "sum_total": 6)" + std::string(ignore));
  };
  EXPECT_EQ(sum("").substr(0, 8), "failed 2");
  EXPECT_EQ(sum(R"(, "ignore_row_if": "any_value_is_missing")"), "ok 0 []");
  EXPECT_EQ(sum(R"(, "ignore_row_if": "never")").substr(0, 8), "failed 3");
  // Nulls are equal to each other among the values of a key, as in pandas' duplicated().
  EXPECT_EQ(rows("expect_compound_columns_to_be_unique", R"("column_list": ["a", "b"])"),
            R"(failed 2 [{"a":2,"b":null},{"a":2,"b":null}])");
  EXPECT_EQ(rows("expect_select_column_values_to_be_unique_within_record",
                 R"("column_list": ["a", "b", "c"])"),
            R"(failed 1 [{"a":6,"b":0,"c":0}])");
  EXPECT_EQ(rows("expect_select_column_values_to_be_unique_within_record",
                 R"("column_list": ["a", "b", "c"], "ignore_row_if": "never")")
                .substr(0, 8),
            "failed 2");
  EXPECT_EQ(rows("expect_column_pair_values_to_be_equal", R"("column_A": "a", "column_B": "b")")
                .substr(0, 8),
            "failed 4");
  EXPECT_EQ(rows("expect_column_pair_values_to_be_equal",
                 R"("column_A": "a", "column_B": "b", "ignore_row_if": "neither")")
                .substr(0, 8),
            "failed 5");
}

TEST_F(ValidationTest, ZScoresAreOfTheRowsThatTheConditionKeeps) {
  // By R: scale(c(1, 2, 3, 4, 100)) gives 1.788 for 100; of the group 'a' alone, 1 … 4, the largest
  // is 1.162. With mean and deviation of both groups 4 would be at -0.42.
  use("SELECT * FROM (VALUES ('a', 1), ('a', 2), ('a', 3), ('a', 4), ('b', 100)) t(g, x)");
  const auto z = [&](const char* threshold, const char* more) {
    return rows("expect_column_value_z_scores_to_be_less_than",
                R"("column": "x", "threshold": )" + std::string(threshold), more);
  };
  EXPECT_EQ(z("1.78", ""), "failed 1 [100]");
  EXPECT_EQ(z("1.79", ""), "ok 0 []");
  EXPECT_EQ(z("1.16", R"(, "row_condition": "g = 'a'")"), "failed 2 [1,4]");
  EXPECT_EQ(z("1.17", R"(, "row_condition": "g = 'a'")"), "ok 0 []");
  EXPECT_EQ(rows("expect_column_value_z_scores_to_be_less_than",
                 R"("column": "x", "threshold": 1.16, "double_sided": false)",
                 R"(, "row_condition": "g = 'a'")"),
            "failed 1 [4]");
}

TEST_F(ValidationTest, ANanIsANull) {
  use("SELECT * FROM (VALUES (1.0::DOUBLE, 1), ('nan'::DOUBLE, 2), (3.0::DOUBLE, 3), (NULL, 4)) "
      "t(v, id)");
  const Verdict between =
      one("expect_column_values_to_be_between", R"("column": "v", "min_value": 2)");
  EXPECT_EQ(between.result["missing_count"], Json(2));
  EXPECT_EQ(between.result["partial_unexpected_list"].dump(), "[1.0]");
  EXPECT_EQ(rows("expect_column_values_to_not_be_null", R"("column": "v")"),
            "failed 2 [null,null]");
  EXPECT_EQ(observed("expect_column_max_to_be_between", R"("column": "v", "max_value": 3)"),
            "ok 3.0");
  EXPECT_EQ(observed("expect_column_mean_to_be_between", R"("column": "v", "max_value": 2)"),
            "ok 2.0");
  EXPECT_EQ(observed("expect_column_unique_value_count_to_be_between",
                     R"("column": "v", "max_value": 2)"),
            "ok 2");
  EXPECT_EQ(rows("expect_column_values_to_not_be_null", R"("column": "id")",
                 R"(, "row_condition": "v > 1")"),
            "ok 0 []");
  EXPECT_EQ(one("expect_column_values_to_not_be_null", R"("column": "id")",
                R"(, "row_condition": "v > 1")")
                .result["element_count"],
            Json(1));
}

TEST_F(ValidationTest, BoundsAreComparedExactly) {
  // 2^53 and its successor are the same double.
  use("SELECT unnest([9007199254740992, 9007199254740993]) AS k, "
      "12345678901234567891::DECIMAL(38,0) AS "
      "h,"
      " uuid() AS u, TIMESTAMP '2024-01-01 09:00:00' AS at");
  EXPECT_EQ(observed("expect_column_max_to_be_between",
                     R"("column": "k", "max_value": 9007199254740992)"),
            "failed 9007199254740993");
  EXPECT_EQ(observed("expect_column_min_to_be_between",
                     R"("column": "k", "min_value": 9007199254740993)"),
            "failed 9007199254740992");
  EXPECT_EQ(
      rows("expect_column_values_to_be_between", R"("column": "k", "max_value": 9007199254740992)"),
      "failed 1 [9007199254740993]");
  EXPECT_EQ(observed("expect_column_max_to_be_between",
                     R"("column": "h", "max_value": "12345678901234567890")"),
            R"(failed "12345678901234567891")");
  EXPECT_EQ(observed("expect_column_sum_to_be_between",
                     R"("column": "k", "max_value": 18014398509481984)"),
            "failed 18014398509481985");
  EXPECT_EQ(
      rows("expect_column_values_to_match_regex", R"("column": "u", "regex": "^x")").substr(0, 8),
      "failed 2");
  EXPECT_EQ(observed("expect_column_max_to_be_between",
                     R"("column": "at", "max_value": "2024-01-01T10:00:00+02:00")"),
            R"(failed "2024-01-01T09:00:00Z")");
  EXPECT_EQ(rows("expect_column_values_to_be_between",
                 R"("column": "at", "max_value": "2024-01-01T11:00:00+02:00")"),
            "ok 0 []");
  const Verdict wrong =
      one("expect_column_values_to_be_between", R"("column": "at", "max_value": "03/04/2024")");
  EXPECT_FALSE(wrong.success);
  EXPECT_NE(wrong.result["details"].as_view().find("\"03/04/2024\" is not a time"),
            std::string_view::npos)
      << wrong.result.dump();
}

TEST_F(ValidationTest, TiesForTheMostCommonValueNeedTiesOkay) {
  // The two cases of Great Expectations' own page of this expectation.
  use("SELECT * FROM (VALUES (1, 1), (2, 1), (4, 1)) t(test, test2)");
  const char* type = "expect_column_most_common_value_to_be_in_set";
  EXPECT_EQ(observed(type, R"("column": "test2", "value_set": [1, 2, 4], "ties_okay": true)"),
            "ok [1]");
  EXPECT_EQ(observed(type, R"("column": "test", "value_set": [1, 2, 4])"), "failed [1,2,4]");
  EXPECT_EQ(observed(type, R"("column": "test", "value_set": [1], "ties_okay": true)"),
            "ok [1,2,4]");
}

TEST_F(ValidationTest, AColumnWithoutValuesHasNoDivergence) {
  use("SELECT NULL::INTEGER AS b FROM range(3)");
  const Verdict made = one("expect_column_kl_divergence_to_be_less_than",
                           R"("column": "b", "threshold": 9, "partition_object":
                              {"values": [1, 5], "weights": [0.5, 0.5]})");
  EXPECT_FALSE(made.success);
  EXPECT_EQ(made.result["details"],
            Json("the column has no value whose distribution could be compared"));
}

TEST_F(ValidationTest, WeightsThatAreNoDistributionAreRefused) {
  const Verdict made = one("expect_column_kl_divergence_to_be_less_than",
                           R"("column": "b", "threshold": 9, "partition_object":
                              {"values": [1, 5], "weights": [5, 5]})");
  EXPECT_FALSE(made.success);
  EXPECT_NE(made.result["details"].as_view().find("add up to 10"), std::string_view::npos);
}

TEST_F(ValidationTest, ResultFormatNarrowsWhatIsShown) {
  EXPECT_EQ(one("expect_column_values_to_not_be_null", R"("column": "x")",
                R"(, "result_format": "BOOLEAN_ONLY")")
                .result.size(),
            0u);
  EXPECT_EQ(rows("expect_column_values_to_be_null",
                 R"("column": "b", "result_format":
                     {"result_format": "SUMMARY", "partial_unexpected_count": 2})"),
            "failed 9 [5,5]");
}

TEST_F(ValidationTest, AContractOfManyColumnsCostsAsMuchAsItsColumns) {
  // One SELECT with all of them took minutes: its plan costs the square of their number.
  const auto time = [&](int columns) {
    std::string select = "SELECT ", suite;
    for (int i = 0; i < columns; ++i) {
      const std::string name = "c" + std::to_string(i);
      select += (i == 0 ? "" : ", ") + std::to_string(i) + ".5::DOUBLE AS " + name;
      for (const char* type :
           {"values_to_not_be_null", "values_to_be_between", "max_to_be_between"})
        suite += std::string(suite.empty() ? "[" : ",") + R"({"type": "expect_column_)" + type +
                 R"(", "column": ")" + name + "\"" +
                 (std::string_view(type) == "values_to_not_be_null" ? "}" : R"(, "min_value": 0})");
    }
    use(select);
    const auto begin = std::chrono::steady_clock::now();
    EXPECT_TRUE(evaluate_all(suite + "]").success());
    return std::chrono::steady_clock::now() - begin;
  };
  time(10);
  const auto few = time(30), many = time(300);
  EXPECT_LT(many, 40 * few);
}

TEST_F(ValidationTest, LongTextsAreCutInReports) {
  use("SELECT repeat('x', 100000) AS t");
  const Verdict made =
      one("expect_column_values_to_match_regex", R"("column": "t", "regex": "^y")");
  EXPECT_FALSE(made.success);
  EXPECT_LT(made.result.dump().size(), 2000u);
}

}  // namespace
}  // namespace millrace
