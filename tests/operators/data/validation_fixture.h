// ValidationTest: expectations judged on a table of ten rows, or on another SELECT.
#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>

#include "operators/data/validation.h"
#include "tests/operators/read_artifact.h"

namespace millrace {

inline constexpr const char* kTable = R"sql(
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

}  // namespace millrace
