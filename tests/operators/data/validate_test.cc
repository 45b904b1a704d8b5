#include "operators/data/validate.h"

#include <gtest/gtest.h>

#include "engine/base/file.h"
#include "engine/op/catalog.h"
#include "tests/operators/read_artifact.h"

namespace millrace {
namespace {

constexpr const char* kRows = R"sql(
  SELECT i AS id, CASE WHEN i = 3 THEN NULL WHEN i = 7 THEN 9999 ELSE i * 10 END AS delay,
         TIMESTAMP '2001-02-01' + to_days(i::INTEGER) AS date
  FROM range(20) t(i))sql";

class ValidateTest : public ::testing::Test {
 protected:
  Result<Outcome> run(std::string_view with_json) {
    Json with = *Json::parse(with_json);
    if (!with.contains("input")) with.set("input", input());
    return Catalog::of<Validate>().run("validate", with, ctx_);
  }
  const std::string& input() {
    if (input_.empty()) input_ = put_table(ctx_, kRows);
    return input_;
  }
  std::string report_of(const Json& outputs) {
    return *read_file(ctx_.store().get(outputs["report"].as_view())->path, 1 << 20);
  }
  FakeContext ctx_;
  std::string input_;
};

TEST_F(ValidateTest, PassesTheTableOnUntouched) {
  const Done done = expect_outcome<Done>(run(
      R"({"contract": {"columns": {"id": {"type": "integer", "nullable": false, "unique": true}}}})"));
  EXPECT_EQ(done.outputs["table"].as_string(), input());
  EXPECT_EQ(done.outputs["rows"].as_int(), 20);
  EXPECT_EQ(done.outputs["bad_rows"].as_int(), 0);
  EXPECT_TRUE(done.outputs["quarantine"].is_null());
  EXPECT_TRUE(effects_of<RaiseAlert>(done.effects).empty());
  EXPECT_EQ(effects_of<PublishArtifact>(done.effects).size(), 2u);
  EXPECT_NE(report_of(done.outputs).find("**Passed.** 4 of 4"), std::string::npos);
}

// A double has 53 bits: two keys of 20 digits may be one. Not even quarantine lets it pass.
TEST_F(ValidateTest, HaltsOnAKeyOfFloatingPoint) {
  const std::string table = put_table(
      ctx_, "SELECT i::DOUBLE AS a, i::DECIMAL(38,0) AS b, i::FLOAT AS c FROM range(3) t(i)");
  const auto failures = [&](const char* key) {
    const auto outcome = run(R"({"on_error": "quarantine", "contract": {"key": )" +
                             std::string(key) + R"(}, "input": ")" + table + "\"}");
    if (!outcome) return outcome.error().message;
    const auto* fail = std::get_if<Fail>(&*outcome);
    return fail == nullptr ? std::string("passed") : fail->error.message;
  };
  EXPECT_NE(failures(R"(["b", "a"])").find("contract.key: the key 'a' is of type DOUBLE, which"),
            std::string::npos)
      << failures(R"(["b", "a"])");
  EXPECT_NE(failures(R"([["b"], ["c"]])").find("the key 'c' is of type FLOAT"), std::string::npos);
  EXPECT_EQ(failures(R"("b")"), "passed");
}

TEST_F(ValidateTest, HaltsWithEvidenceAndTellsTheOwner) {
  const Fail fail = expect_outcome<Fail>(run(R"({"contract": {"columns": {"delay":
      {"type": "integer", "nullable": false, "max": 2000}}}})"));
  EXPECT_EQ(fail.error.code, ErrorCode::data_invalid);
  EXPECT_FALSE(fail.error.transient());
  EXPECT_NE(fail.error.message.find("1 of 19 rows (5.26 %), e.g. 9999"), std::string::npos)
      << fail.error.message;
  const auto alerts = effects_of<RaiseAlert>(fail.effects);
  ASSERT_EQ(alerts.size(), 1u);
  EXPECT_EQ(alerts[0].severity, "error");
  EXPECT_EQ(alerts[0].owner, "ops-ml");
  EXPECT_EQ(fail.outputs["bad_rows"].as_int(), 2);
  EXPECT_EQ(
      query_artifact(ctx_, fail.outputs["quarantine"],
                     "SELECT id, _violations FROM $table ORDER BY id")
          .to_json()
          .dump(),
      R"([{"id":3,"_violations":"contract.columns.delay: expect_column_values_to_not_be_null"},)"
      R"({"id":7,"_violations":"contract.columns.delay: expect_column_values_to_be_between"}])");
  EXPECT_NE(report_of(fail.outputs).find("2 rows break one"), std::string::npos);
  const auto json = Json::parse(
      *read_file(ctx_.store().get(fail.outputs["report_json"].as_view())->path, 1 << 20));
  ASSERT_TRUE(json.ok());
  EXPECT_FALSE((*json)["success"].as_bool());
  EXPECT_EQ((*json)["results"].size(), 4u);
}

TEST_F(ValidateTest, QuarantinesBadRowsAndPassesTheOthersOn) {
  const Done done = expect_outcome<Done>(run(R"({"on_error": "quarantine", "max_bad_share": 0.1,
      "contract": {"columns": {"delay": {"nullable": false, "max": 2000}}}})"));
  EXPECT_FALSE(done.outputs["success"].as_bool());
  EXPECT_EQ(done.outputs["rows"].as_int(), 18);
  EXPECT_NE(done.outputs["table"].as_string(), input());
  EXPECT_EQ(
      query_artifact(ctx_, done.outputs["table"],
                     "SELECT count(*) AS n, max(delay) AS high, count(delay) AS given FROM $table")
          .to_json()
          .dump(),
      R"([{"n":18,"high":190,"given":18}])");
  EXPECT_EQ(effects_of<RaiseAlert>(done.effects).size(), 1u);
  EXPECT_EQ(effects_of<PublishArtifact>(done.effects).size(), 4u);
}

TEST_F(ValidateTest, HaltsAllTheSameAboveTheShareOrOnAWholeTableFailure) {
  expect_outcome<Fail>(run(R"({"on_error": "quarantine", "max_bad_share": 0.09,
      "contract": {"columns": {"delay": {"nullable": false, "max": 2000}}}})"));
  expect_outcome<Fail>(run(R"({"on_error": "quarantine", "max_bad_share": 1,
      "contract": {"columns": {"delay": {"nullable": false}}, "rows": {"min": 21}}})"));
}

TEST_F(ValidateTest, WarnsWithoutHalting) {
  const Done done = expect_outcome<Done>(run(R"({"expectations": [
      {"type": "expect_column_values_to_not_be_null", "column": "delay", "severity": "warning"},
      {"type": "expect_column_values_to_be_between", "column": "delay", "max_value": 1,
       "severity": "info"}]})"));
  EXPECT_TRUE(done.outputs["success"].as_bool());
  EXPECT_EQ(done.outputs["failed_expectations"].size(), 2u);
  const auto alerts = effects_of<RaiseAlert>(done.effects);
  ASSERT_EQ(alerts.size(), 1u);
  EXPECT_EQ(alerts[0].severity, "warning");
}

TEST_F(ValidateTest, CountsFreshnessFromTheEndOfTheInterval) {
  // The newest row is of 2001-02-20.
  const char* with = R"({"contract": {"freshness": {"column": "date", "max_age": "9d"}}})";
  ctx_.info.has_interval = true;
  ctx_.info.data_interval_end = *parse_rfc3339("2001-03-01");
  expect_outcome<Done>(run(with));
  ctx_.info.data_interval_end = *parse_rfc3339("2001-03-02");
  expect_outcome<Fail>(run(with));
  ctx_.info.has_interval = false;
  expect_outcome<Fail>(run(with));  // the clock says September
}

TEST_F(ValidateTest, ReadsAContractFromAFile) {
  ctx_.write("contracts/c.json", R"({"rows": {"max": 5}})");
  expect_outcome<Fail>(run(R"({"contract": "contracts/c.json"})"));
  const auto absent = run(R"({"contract": "contracts/d.json"})");
  ASSERT_FALSE(absent.ok());
  EXPECT_EQ(absent.error().code, ErrorCode::not_found);
  ctx_.write("contracts/e.yaml", "columns:\n  delay: {type: integer, max: 100}\nrows: {min: 5}\n");
  const Fail fail = expect_outcome<Fail>(run(R"({"contract": "contracts/e.yaml"})"));
  EXPECT_EQ(fail.outputs["failed_expectations"].size(), 1u);
  ctx_.write("contracts/f.yaml", "rows:\n  min: 5\n min: 6\n");
  const auto broken = run(R"({"contract": "contracts/f.yaml"})");
  ASSERT_FALSE(broken.ok());
  EXPECT_NE(broken.error().message.find("f.yaml:3:"), std::string::npos) << broken.error().message;
}

TEST_F(ValidateTest, RefusesARequestWithoutSense) {
  EXPECT_FALSE(run("{}").ok());
  EXPECT_FALSE(run(R"({"contract": {"colums": {}}})").ok());
  EXPECT_FALSE(run(R"({"expectations": [{"type": "expect_nothing"}]})").ok());
  EXPECT_EQ(run(R"({"input": "xyz", "contract": {"rows": {"min": 1}}})").error().code,
            ErrorCode::invalid_argument);
}

TEST_F(ValidateTest, JudgesThreeMillionFlights) {
  input_ = put_table(ctx_, "SELECT * FROM read_parquet(" +
                               data::quote_literal(std::string(MILLRACE_SOURCE_DIR) +
                                                   "/node_modules/vega-datasets/data/"
                                                   "flights-3m.parquet") +
                               ")");
  const Done done = expect_outcome<Done>(run(R"({"contract": {
      "columns": {"date": {"type": "timestamp", "nullable": false},
                  "delay": {"type": "integer", "nullable": false, "min": -1200, "max": 2000},
                  "distance": {"type": "integer", "min": 1, "max": 6000},
                  "origin": {"regex": "^[A-Z]{3}$"}, "destination": {"regex": "^[A-Z]{3}$"}},
      "rows": {"min": 3000000, "max": 3000000}, "extra_columns": false}})"));
  EXPECT_TRUE(done.outputs["success"].as_bool());
}

}  // namespace
}  // namespace millrace
