// Each expectation on a table of ten rows. The expected counts are by hand; means, deviations and
// quantiles as python3's statistics module and numpy give them.
#include "operators/data/validation.h"

#include <gtest/gtest.h>

#include "operators/data/failure_text.h"
#include "operators/data/validation_report.h"
#include "tests/operators/data/validation_fixture.h"

namespace millrace {
namespace {

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
            "column 'code' must match the regular expression ^x$: 1 of 1 rows (100 %), "
            "e.g. \"<script>`|\\n# x\" (expectations[0])");
}

// The sentence says what must hold and what the data has; one line for each kind of finding.
TEST_F(ValidationTest, AFailureIsASentence) {
  const auto line = [&](std::string_view type, std::string_view kwargs,
                        std::string_view more = "") {
    const Verdict verdict = one(type, kwargs, more);
    EXPECT_FALSE(verdict.success) << type;
    return failure_line(verdict);
  };
  EXPECT_EQ(line("expect_column_values_to_be_between", R"("column": "a", "max_value": 7)"),
            "column 'a' must be at most 7: 2 of 10 rows (20 %), e.g. 8 (expectations[0])");
  EXPECT_EQ(line("expect_column_values_to_be_in_set",
                 R"("column": "code", "value_set": ["ATL", "BOS"])", R"(, "mostly": 0.9)"),
            "column 'code' must be one of \"ATL\", \"BOS\" in at least 90 % of the rows: "
            "5 of 9 rows (55.6 %), e.g. \"bos\" (expectations[0])");
  EXPECT_EQ(line("expect_column_pair_values_a_to_be_greater_than_b",
                 R"("column_A": "a", "column_B": "b", "or_equal": true)",
                 R"(, "row_condition": "id > 3")"),
            "column 'a' must be greater than or equal to column 'b' where id > 3: 1 of 7 rows "
            "(14.3 %), e.g. {\"a\":2,\"b\":null} (expectations[0])");
  EXPECT_EQ(line("expect_table_row_count_to_be_between", R"("min_value": 1000)"),
            "the number of rows must be at least 1000: it is 10 (expectations[0])");
  EXPECT_EQ(
      line("expect_column_max_to_be_between", R"("column": "a", "min_value": 3, "max_value": 4)"),
      "the maximum of column 'a' must be between 3 and 4: it is 9 (expectations[0])");
  EXPECT_EQ(line("expect_column_distinct_values_to_equal_set",
                 R"("column": "code", "value_set": ["ATL", "BOS", "bos", "DEN", "SFO"])"),
            "the set of values of column 'code' must be \"ATL\", \"BOS\", \"bos\", \"DEN\", "
            "\"SFO\": it also has \"LONGER\"; it lacks \"SFO\" (expectations[0])");
  EXPECT_EQ(line("expect_table_columns_to_match_set", R"("column_set": ["id", "x", "cod"])"),
            "the columns of the table must be 'id', 'x', 'cod': it lacks 'cod', and has 'code', "
            "'at', 'a', 'b' (expectations[0])");
  EXPECT_EQ(line("expect_column_values_to_be_between", R"("column": "cod", "max_value": 7)"),
            "column 'cod' must be at most 7: the table has no column 'cod'; did you mean 'code'?; "
            "it has id, x, code, at, a, b (expectations[0])");
}

// A contract that says string, and a column that ingest took for numbers.
TEST_F(ValidationTest, AWrongTypeNamesTheCure) {
  use("SELECT 12345678901234567890::DECIMAL(38,0) AS customer_id, -0.5::DOUBLE AS tenure");
  EXPECT_EQ(failure_line(one("expect_column_values_to_be_of_type",
                             R"("column": "customer_id", "type_": "string")")),
            "column 'customer_id' must be of type string: it holds whole numbers of many digits "
            "(DECIMAL(38,0)). Ingest chooses a type by the values; if another one is right, give "
            "ingest `types: {customer_id: VARCHAR}`, or this contract as its `contract` "
            "(expectations[0])");
  EXPECT_TRUE(failure_line(one("expect_column_values_to_be_of_type",
                               R"("column": "tenure", "type_": "integer")"))
                  .starts_with("column 'tenure' must be of type integer: it holds numbers with a "
                               "fraction, or -0 (DOUBLE)."));
  EXPECT_TRUE(
      one("expect_column_values_to_be_of_type", R"("column": "customer_id", "type_": "integer")")
          .success)
      << "whole numbers of any size are integers";
}

TEST_F(ValidationTest, EveryKindOfExpectationHasASentence) {
  for (const auto& type : expectation_type_names()) {
    Expectation expectation;
    expectation.type = type;
    EXPECT_EQ(requirement_text(expectation).find("expect_"), std::string::npos) << type;
    EXPECT_EQ(requirement_text(expectation).find('{'), std::string::npos) << type;
  }
}

}  // namespace
}  // namespace millrace
