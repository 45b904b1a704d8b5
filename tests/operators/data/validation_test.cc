// Each expectation on a table of ten rows. The expected counts are by hand; means, deviations and
// quantiles as python3's statistics module and numpy give them.
#include "operators/data/validation.h"

#include <gtest/gtest.h>

#include <chrono>

#include "operators/data/validation_report.h"
#include "tests/operators/read_artifact.h"

namespace millrace {
namespace {

constexpr const char* kTable = R"sql(
  SELECT * FROM (VALUES
    (1, 10.0, 'ATL', TIMESTAMP '2001-01-01', 5, 5),
    (2, 20.0, 'ATL', TIMESTAMP '2001-01-02', 6, 5),
    (3, 30.0, 'BOS', TIMESTAMP '2001-01-03', 7, 8),
    (4, NULL, 'BOS', TIMESTAMP '2001-01-04', 8, 8),
    (5, 50.0, 'bos', TIMESTAMP '2001-01-05', 9, 1),
    (6, 60.0, NULL,  TIMESTAMP '2001-01-06', 1, 1),
    (7, 70.0, 'DEN', TIMESTAMP '2001-01-07', 2, NULL),
    (8, 80.0, 'DEN', TIMESTAMP '2001-01-08', 3, 1),
    (8, 90.0, 'DEN', TIMESTAMP '2001-01-09', 4, 1),
    (10, 999.0, 'LONGER', TIMESTAMP '2001-01-10', 5, 1)) t(id, x, code, "at", a, b))sql";

class ValidationTest : public ::testing::Test {
 protected:
  void SetUp() override { use(kTable); }
  /// The rows of the SELECT from here on.
  void use(const std::string& select) {
    const auto stored = ctx_.store().get(put_table(ctx_, select));
    ASSERT_TRUE(stored.ok()) << stored.error().message;
    session_.emplace(*data::Session::open({.files = {stored->path}}));
    relation_ = data::parquet_relation(stored->path);
  }
  Validation evaluate_all(std::string_view json) {
    const auto parsed = parse_expectations(*Json::parse(json));
    EXPECT_TRUE(parsed.ok()) << parsed.error().message;
    auto made = evaluate(*session_, relation_, *parsed);
    EXPECT_TRUE(made.ok()) << made.error().message;
    return made.ok() ? *std::move(made) : Validation{};
  }
  Verdict one(std::string_view type, std::string_view kwargs, std::string_view more = "") {
    auto made = evaluate_all("[{\"type\": \"" + std::string(type) + "\", \"kwargs\": {" +
                             std::string(kwargs) + "}" + std::string(more) + "}]");
    return made.verdicts.empty() ? Verdict{} : std::move(made.verdicts[0]);
  }
  /// "ok" or "failed", the count of unexpected rows, the first unexpected values.
  std::string rows(std::string_view type, std::string_view kwargs, std::string_view more = "") {
    const Verdict verdict = one(type, kwargs, more);
    return std::string(verdict.success ? "ok " : "failed ") +
           std::to_string(verdict.result["unexpected_count"].as_int(-1)) + " " +
           verdict.result["partial_unexpected_list"].dump();
  }
  std::string observed(std::string_view type, std::string_view kwargs, std::string_view more = "") {
    const Verdict verdict = one(type, kwargs, more);
    return std::string(verdict.success ? "ok " : "failed ") +
           verdict.result["observed_value"].dump();
  }
  FakeContext ctx_;
  std::optional<data::Session> session_;
  std::string relation_;
};

TEST_F(ValidationTest, CountsAsGreatExpectationsDoes) {
  const Verdict verdict =
      one("expect_column_values_to_be_between", R"("column": "x", "max_value": 100)");
  EXPECT_EQ(verdict.to_json().dump(),
            R"({"success":false,"severity":"error","expectation_config":{)"
            R"("type":"expect_column_values_to_be_between","kwargs":{"column":"x",)"
            R"("max_value":100},"meta":{"source":"expectations[0]"}},"result":{"element_count":10,)"
            R"("missing_count":1,"missing_percent":10.0,"unexpected_count":1,)"
            R"("unexpected_percent":11.11111111111111,"unexpected_percent_total":10.0,)"
            R"("unexpected_percent_nonmissing":11.11111111111111,)"
            R"("partial_unexpected_list":[999.0]}})");
}

TEST_F(ValidationTest, JudgesValuesRowByRow) {
  EXPECT_EQ(rows("expect_column_values_to_not_be_null", R"("column": "x")"), "failed 1 [null]");
  EXPECT_EQ(rows("expect_column_values_to_be_null", R"("column": "b")"),
            "failed 9 [5,5,8,8,1,1,1,1,1]");
  EXPECT_EQ(rows("expect_column_values_to_be_unique", R"("column": "id")"), "failed 2 [8,8]");
  EXPECT_EQ(rows("expect_column_values_to_be_unique", R"("column": "x")"), "ok 0 []");
  EXPECT_EQ(rows("expect_column_values_to_be_between", R"("column": "x", "min_value": 10)"),
            "ok 0 []");
  EXPECT_EQ(rows("expect_column_values_to_be_between",
                 R"("column": "x", "min_value": 10, "strict_min": true)"),
            "failed 1 [10.0]");
  EXPECT_EQ(rows("expect_column_values_to_be_between",
                 R"("column": "at", "min_value": "2001-01-03", "max_value": "2001-01-09")"),
            R"(failed 3 ["2001-01-01T00:00:00Z","2001-01-02T00:00:00Z","2001-01-10T00:00:00Z"])");
  EXPECT_EQ(rows("expect_column_values_to_be_between", R"("column": "code", "min_value": 1)"),
            R"(failed 9 ["ATL","ATL","BOS","BOS","bos","DEN","DEN","DEN","LONGER"])");
  EXPECT_EQ(rows("expect_column_values_to_be_in_set",
                 R"("column": "code", "value_set": ["ATL", "BOS", "DEN"])"),
            R"(failed 2 ["bos","LONGER"])");
  EXPECT_EQ(
      rows("expect_column_values_to_be_in_set", R"("column": "id", "value_set": [])").substr(0, 9),
      "failed 10");
  EXPECT_EQ(rows("expect_column_values_to_not_be_in_set",
                 R"("column": "code", "value_set": ["bos", "x"])"),
            R"(failed 1 ["bos"])");
  EXPECT_EQ(
      rows("expect_column_values_to_match_regex", R"("column": "code", "regex": "^[A-Z]{3}$")"),
      R"(failed 2 ["bos","LONGER"])");
  EXPECT_EQ(
      rows("expect_column_values_to_not_match_regex", R"("column": "code", "regex": "[a-z]")"),
      R"(failed 1 ["bos"])");
  EXPECT_EQ(rows("expect_column_values_to_match_like_pattern",
                 R"("column": "code", "like_pattern": "___")"),
            R"(failed 1 ["LONGER"])");
  EXPECT_EQ(
      rows("expect_column_value_lengths_to_be_between", R"("column": "code", "max_value": 3)"),
      R"(failed 1 ["LONGER"])");
  EXPECT_EQ(rows("expect_column_value_lengths_to_equal", R"("column": "id", "value": 1)"),
            "failed 1 [10]");
  // z of 999 is 2.65 with the deviation (n - 1) of 317.09, as R's scale(x) gives it.
  EXPECT_EQ(rows("expect_column_value_z_scores_to_be_less_than",
                 R"("column": "x", "threshold": 2.6, "double_sided": true)"),
            "failed 1 [999.0]");
  EXPECT_EQ(
      rows("expect_column_value_z_scores_to_be_less_than", R"("column": "x", "threshold": 2.7)"),
      "ok 0 []");
}

TEST_F(ValidationTest, JudgesColumnsTogether) {
  EXPECT_EQ(
      rows("expect_column_pair_values_a_to_be_greater_than_b",
           R"("column_A": "a", "column_B": "b")"),
      R"(failed 5 [{"a":5,"b":5},{"a":7,"b":8},{"a":8,"b":8},{"a":1,"b":1},{"a":2,"b":null}])");
  EXPECT_EQ(rows("expect_column_pair_values_a_to_be_greater_than_b",
                 R"("column_A": "a", "column_B": "b", "or_equal": true)"),
            R"(failed 2 [{"a":7,"b":8},{"a":2,"b":null}])");
  EXPECT_EQ(rows("expect_column_pair_values_to_be_equal", R"("column_A": "a", "column_B": "b")")
                .substr(0, 8),
            "failed 7");
  EXPECT_EQ(rows("expect_compound_columns_to_be_unique", R"("column_list": ["code", "b"])"),
            R"(failed 6 [{"code":"ATL","b":5},{"code":"ATL","b":5},{"code":"BOS","b":8},)"
            R"({"code":"BOS","b":8},{"code":"DEN","b":1},{"code":"DEN","b":1}])");
  EXPECT_EQ(rows("expect_compound_columns_to_be_unique", R"("column_list": ["id", "x"])"),
            "ok 0 []");
  EXPECT_EQ(rows("expect_select_column_values_to_be_unique_within_record",
                 R"("column_list": ["a", "b"])"),
            R"(failed 3 [{"a":5,"b":5},{"a":8,"b":8},{"a":1,"b":1}])");
  EXPECT_EQ(rows("expect_multicolumn_sum_to_equal", R"("column_list": ["a", "b"], "sum_total": 10)")
                .substr(0, 8),
            "failed 8");
}

TEST_F(ValidationTest, MostlyAndRowConditionsNarrow) {
  EXPECT_EQ(rows("expect_column_values_to_be_in_set",
                 R"("column": "code", "value_set": ["ATL", "BOS", "DEN"])", R"(, "mostly": 0.77)"),
            R"(ok 2 ["bos","LONGER"])");  // 7 of 9 that are not null
  EXPECT_FALSE(one("expect_column_values_to_be_in_set",
                   R"("column": "code", "value_set": ["ATL", "BOS", "DEN"])", R"(, "mostly": 0.78)")
                   .success);
  EXPECT_EQ(rows("expect_column_values_to_be_unique", R"("column": "id")",
                 R"(, "row_condition": "x < 85")"),
            "ok 0 []");
  const Verdict narrowed = one("expect_column_values_to_not_be_null", R"("column": "x")",
                               R"(, "row_condition": "code = 'BOS'")");
  EXPECT_EQ(narrowed.result["element_count"].as_int(), 2);
  EXPECT_EQ(narrowed.result["unexpected_percent"].as_double(), 50);
  EXPECT_EQ(observed("expect_column_max_to_be_between", R"("column": "x", "max_value": 100)",
                     R"(, "row_condition": "id < 10")"),
            "ok 90.0");
}

TEST_F(ValidationTest, JudgesAggregates) {
  EXPECT_EQ(observed("expect_table_row_count_to_equal", R"("value": 10)"), "ok 10");
  EXPECT_EQ(observed("expect_table_row_count_to_be_between", R"("min_value": 11)"), "failed 10");
  EXPECT_EQ(observed("expect_column_min_to_be_between",
                     R"("column": "x", "min_value": 10, "max_value": 20)"),
            "ok 10.0");
  EXPECT_EQ(
      observed("expect_column_max_to_be_between", R"("column": "at", "min_value": "2001-01-11")"),
      "failed \"2001-01-10T00:00:00Z\"");
  EXPECT_EQ(observed("expect_column_mean_to_be_between",
                     R"("column": "a", "min_value": 5, "max_value": 5)"),
            "ok 5.0");
  EXPECT_EQ(observed("expect_column_median_to_be_between",
                     R"("column": "x", "min_value": 60, "max_value": 60)"),
            "ok 60.0");
  const Verdict stdev = one("expect_column_stdev_to_be_between",
                            R"("column": "a", "min_value": 2.5, "max_value": 2.6)");
  EXPECT_TRUE(stdev.success);
  EXPECT_NEAR(stdev.result["observed_value"].as_double(), 2.581988897471611, 1e-12);
  EXPECT_EQ(observed("expect_column_sum_to_be_between", R"("column": "a", "max_value": 49)"),
            "failed 50");
  EXPECT_EQ(observed("expect_column_unique_value_count_to_be_between",
                     R"("column": "id", "max_value": 9)"),
            "ok 9");
  EXPECT_EQ(observed("expect_column_proportion_of_unique_values_to_be_between",
                     R"("column": "id", "min_value": 0.95)"),
            "failed 0.9");
  EXPECT_EQ(observed("expect_column_proportion_of_non_null_values_to_be_between",
                     R"("column": "x", "min_value": 0.9)"),
            "ok 0.9");
  const Verdict quantiles = one("expect_column_quantile_values_to_be_between",
                                R"("column": "a", "quantile_ranges": {"quantiles": [0.1, 0.5, 0.9],
                                   "value_ranges": [[1, 1], [5, 5], [null, 8]]})");
  EXPECT_TRUE(quantiles.success) << quantiles.result.dump();
}

TEST_F(ValidationTest, JudgesDistinctValues) {
  EXPECT_EQ(observed("expect_column_distinct_values_to_be_in_set",
                     R"("column": "b", "value_set": [1, 5, 8, 9])"),
            "ok [1,5,8]");
  EXPECT_EQ(
      one("expect_column_distinct_values_to_equal_set", R"("column": "b", "value_set": [1, 5, 9])")
          .result.dump(),
      R"({"unexpected_values":[8],"missing_values":[9],"observed_value":[1,5,8]})");
  EXPECT_TRUE(one("expect_column_distinct_values_to_contain_set",
                  R"("column": "code", "value_set": ["ATL", "bos"])")
                  .success);
  EXPECT_FALSE(one("expect_column_distinct_values_to_contain_set",
                   R"("column": "code", "value_set": ["SFO"])")
                   .success);
  EXPECT_EQ(observed("expect_column_most_common_value_to_be_in_set",
                     R"("column": "code", "value_set": ["DEN"])"),
            R"(ok ["DEN"])");
  // b: 1 five times, 5 twice, 8 twice. KL of (5/9, 2/9, 2/9) against (.5, .25, .25) by scipy.
  const char* partition =
      R"("column": "b", "partition_object": {"values": [1, 5, 8], "weights": [0.5, 0.25, 0.25]},)";
  const Verdict near = one("expect_column_kl_divergence_to_be_less_than",
                           std::string(partition) + R"("threshold": 0.01)");
  EXPECT_TRUE(near.success);
  EXPECT_NEAR(near.result["observed_value"].as_double(), 0.0061856, 1e-6);
  EXPECT_FALSE(one("expect_column_kl_divergence_to_be_less_than",
                   R"("column": "b", "threshold": 9, "partition_object":
                      {"values": [1, 5], "weights": [0.5, 0.5]})")
                   .success)
      << "8 has no weight";
  EXPECT_TRUE(one("expect_column_kl_divergence_to_be_less_than",
                  R"("column": "a", "threshold": 0.2, "partition_object":
                     {"bins": [1, 4, 7, 9], "weights": [0.3, 0.4, 0.3]})")
                  .success);
}

TEST_F(ValidationTest, JudgesTheSchema) {
  const char* columns = R"(["id", "x", "code", "at", "a", "b"])";
  EXPECT_TRUE(
      one("expect_table_columns_to_match_ordered_list", std::string(R"("column_list": )") + columns)
          .success);
  EXPECT_FALSE(
      one("expect_table_columns_to_match_ordered_list", R"("column_list": ["x", "id"])").success);
  EXPECT_FALSE(one("expect_table_columns_to_match_set", R"("column_set": ["x", "id"])").success);
  EXPECT_TRUE(
      one("expect_table_columns_to_match_set", R"("column_set": ["x", "id"], "exact_match": false)")
          .success);
  EXPECT_TRUE(one("expect_column_to_exist", R"("column": "x", "column_index": 1)").success);
  EXPECT_FALSE(one("expect_column_to_exist", R"("column": "x", "column_index": 2)").success);
  EXPECT_FALSE(one("expect_column_to_exist", R"("column": "y")").success);
  EXPECT_TRUE(one("expect_table_column_count_to_equal", R"("value": 6)").success);
  EXPECT_TRUE(
      one("expect_column_values_to_be_of_type", R"("column": "at", "type_": "timestamp")").success);
  EXPECT_FALSE(
      one("expect_column_values_to_be_of_type", R"("column": "code", "type_": "integer")").success);
  EXPECT_TRUE(one("expect_column_values_to_be_in_type_list",
                  R"("column": "id", "type_list": ["BIGINT", "INTEGER"])")
                  .success);
}

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
  EXPECT_NE(wrong.result["details"].as_view().find("\"03/04/2024\" is no time"),
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

TEST_F(ValidationTest, WhatCannotBeJudgedFailsAloneAndSaysWhy) {
  const Validation made = evaluate_all(R"([
    {"type": "expect_column_values_to_not_be_null", "column": "nosuch"},
    {"type": "expect_column_values_to_match_regex", "column": "code", "regex": "("},
    {"type": "expect_column_mean_to_be_between", "column": "code", "min_value": 1},
    {"type": "expect_column_values_to_not_be_null", "column": "id",
     "row_condition": "id > 1) OR (true"},
    {"type": "expect_column_value_z_scores_to_be_less_than", "column": "code", "threshold": 3},
    {"type": "expect_column_values_to_not_be_null", "column": "id"},
    {"type": "expect_column_mean_to_be_between", "column": "a", "min_value": 1}])");
  ASSERT_EQ(made.verdicts.size(), 7u);
  for (std::size_t i = 0; i < 5; ++i) {
    EXPECT_FALSE(made.verdicts[i].success) << i;
    EXPECT_FALSE(made.verdicts[i].result["details"].as_view().empty()) << i;
    EXPECT_TRUE(made.verdicts[i].bad_row.empty()) << i;
  }
  EXPECT_TRUE(made.verdicts[5].success);
  EXPECT_TRUE(made.verdicts[6].success);
  EXPECT_FALSE(made.success());
}

TEST_F(ValidationTest, SeverityDecidesTheWhole) {
  const Validation made = evaluate_all(R"([
    {"type": "expect_column_values_to_not_be_null", "column": "x", "severity": "warning"},
    {"type": "expect_column_values_to_not_be_null", "column": "code", "severity": "info"}])");
  EXPECT_TRUE(made.success());
  EXPECT_EQ(validation_json(made, Json())["statistics"].dump(),
            R"({"evaluated_expectations":2,"successful_expectations":0,)"
            R"("unsuccessful_expectations":2,"success_percent":0.0})");
}

TEST_F(ValidationTest, AReportShowsValuesButNeverActsOnThem) {
  use("SELECT '<script>`|' || chr(10) || '# x' AS code");
  const Validation made = evaluate_all(
      R"([{"type": "expect_column_values_to_match_regex", "column": "code", "regex": "^x$"}])");
  const std::string report = validation_markdown(made, "Validation", 1);
  EXPECT_NE(report.find("**Failed.** 0 of 1"), std::string::npos) << report;
  EXPECT_NE(report.find("`\"<script>  \\n# x\"`"), std::string::npos) << report;
  EXPECT_EQ(failure_line(made.verdicts[0]),
            "code: expect_column_values_to_match_regex {\"regex\":\"^x$\"}: 1 of 1 rows (100 %), "
            "e.g. \"<script>`|\\n# x\"");
}

}  // namespace
}  // namespace millrace
