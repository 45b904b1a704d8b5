#include "operators/data/exact_sql.h"

#include <gtest/gtest.h>

#include "engine/data/session.h"

namespace millrace {
namespace {

class ExactSqlTest : public ::testing::Test {
 protected:
  /// "true", "false" or "null": value op bound, the value an SQL literal of the type.
  std::string compare(const std::string& value, std::string_view type, std::string_view op,
                      const Json& bound) {
    const auto sql =
        compare_sql("CAST(" + value + " AS " + std::string(type) + ")", type, op, bound);
    if (!sql) return sql.error().message;
    const auto answer = session_->query("SELECT " + *sql + " AS a");
    return answer ? answer->at(0, "a").dump() : *sql + ": " + answer.error().message;
  }
  std::string member(const std::string& value, std::string_view type, const char* set) {
    const auto literals = set_literals(*Json::parse(set), type);
    if (!literals) return literals.error().message;
    const auto answer = session_->query("SELECT CAST(" + value + " AS " + std::string(type) +
                                        ") IN " + *literals + " AS a");
    return answer ? answer->at(0, "a").dump() : *literals + ": " + answer.error().message;
  }
  Result<data::Session> session_ = data::Session::open();
};

// 2^53 = 9007199254740992 is the last integer up to which doubles hold all.
TEST_F(ExactSqlTest, ComparesIntegersBeyondTheDoublesExactly) {
  const Json bound(std::int64_t{9007199254740993});
  EXPECT_EQ(compare("9007199254740992", "BIGINT", ">=", bound), "false");
  EXPECT_EQ(compare("9007199254740993", "BIGINT", ">=", bound), "true");
  EXPECT_EQ(compare("9007199254740993", "BIGINT", "<", bound), "false");
  EXPECT_EQ(compare("9007199254740994", "HUGEINT", "<=", bound), "false");
  EXPECT_EQ(compare("9007199254740993", "BIGINT", "<=", Json(9007199254740992.0)), "false");
  // A double that is compared with an integer between two doubles.
  EXPECT_EQ(compare("9007199254740992", "DOUBLE", ">=", bound), "false");
  EXPECT_EQ(compare("9007199254740994", "DOUBLE", ">=", bound), "true");
  EXPECT_EQ(compare("9007199254740994", "DOUBLE", "<=", bound), "false");
  EXPECT_EQ(compare("9007199254740992", "DOUBLE", "<", bound), "true");
  // Twenty digits, which a suite writes as text.
  const Json key("12345678901234567891");
  EXPECT_EQ(compare("12345678901234567890", "HUGEINT", ">=", key), "false");
  EXPECT_EQ(compare("12345678901234567891", "UBIGINT", ">=", key), "true");
}

TEST_F(ExactSqlTest, ComparesIntegersWithFractions) {
  for (const auto& [value, bound, more, less] :
       {std::tuple{"2", 2.5, "false", "true"}, std::tuple{"3", 2.5, "true", "false"},
        std::tuple{"-2", -2.5, "true", "false"}, std::tuple{"-3", -2.5, "false", "true"},
        std::tuple{"0", -0.5, "true", "false"}, std::tuple{"0", 0.5, "false", "true"}}) {
    EXPECT_EQ(compare(value, "INTEGER", ">=", Json(bound)), more) << value << " " << bound;
    EXPECT_EQ(compare(value, "INTEGER", ">", Json(bound)), more) << value << " " << bound;
    EXPECT_EQ(compare(value, "INTEGER", "<=", Json(bound)), less) << value << " " << bound;
    EXPECT_EQ(compare(value, "INTEGER", "<", Json(bound)), less) << value << " " << bound;
  }
  EXPECT_EQ(compare("5", "TINYINT", "<", Json(1e300)), "true");
  EXPECT_EQ(compare("5", "TINYINT", ">", Json(-1e300)), "true");
  EXPECT_EQ(compare("5", "TINYINT", ">", Json(1e300)), "false");
  EXPECT_EQ(compare("NULL", "TINYINT", ">", Json(1e300)), "null");
}

TEST_F(ExactSqlTest, ComparesDecimalsAsWritten) {
  EXPECT_EQ(compare("'0.1'", "DECIMAL(9,2)", "<=", Json(0.1)), "true");
  EXPECT_EQ(compare("'0.1'", "DECIMAL(9,2)", ">=", Json(0.1)), "true");
  EXPECT_EQ(compare("'0.10'", "DECIMAL(9,2)", ">=", Json(0.105)), "false");
  EXPECT_EQ(compare("'0.11'", "DECIMAL(9,2)", ">=", Json(0.105)), "true");
  EXPECT_EQ(compare("'12345678901234567.01'", "DECIMAL(19,2)", ">", Json(12345678901234567)),
            "true");
  EXPECT_EQ(compare("'0.05'", "DECIMAL(9,2)", ">", Json(1e-9)), "true");
}

TEST_F(ExactSqlTest, ReadsTimesWithTheirOffset) {
  // 10:00 at +02:00 is 08:00 UTC (RFC 3339, 4.2).
  const Json bound("2024-01-01T10:00:00+02:00");
  for (const char* type :
       {"TIMESTAMP", "TIMESTAMP_S", "TIMESTAMP_MS", "TIMESTAMP_NS", "TIMESTAMP WITH TIME ZONE"}) {
    EXPECT_EQ(compare("'2024-01-01 08:00:00'", type, "<=", bound), "true") << type;
    EXPECT_EQ(compare("'2024-01-01 09:00:00'", type, "<=", bound), "false") << type;
  }
  EXPECT_EQ(compare("'2024-01-01'", "DATE", "<", bound), "true");
  EXPECT_EQ(compare("'2024-01-01 08:00:00.000000001'", "TIMESTAMP_NS", "<=", bound), "false");
  EXPECT_EQ(compare("'2024-01-01'", "DATE", "<", Json("yesterday")),
            "\"yesterday\" is not a time; write it as 2001-02-03 or 2001-02-03T04:05:06+02:00");
  EXPECT_EQ(member("'2024-01-01 08:00:00'", "TIMESTAMP", R"(["2024-01-01T10:00:00+02:00"])"),
            "true");
  EXPECT_EQ(member("'2024-01-01'", "DATE", R"(["2024-01-01"])"), "true");
  EXPECT_EQ(member("'2024-01-01'", "DATE", R"(["2024-01-01T10:00:00Z"])"), "null");
}

TEST_F(ExactSqlTest, SetsHoldExactValues) {
  EXPECT_EQ(member("9007199254740993", "BIGINT", "[9007199254740992, 2.5]"), "false");
  EXPECT_EQ(member("9007199254740992", "BIGINT", "[9007199254740992, 2.5]"), "true");
  EXPECT_EQ(member("12345678901234567891", "HUGEINT", R"(["12345678901234567890"])"), "false");
  EXPECT_EQ(member("12345678901234567891", "HUGEINT", R"(["12345678901234567891"])"), "true");
  EXPECT_EQ(member("2", "INTEGER", "[2.0]"), "true");
  EXPECT_EQ(member("'0.1'", "DECIMAL(9,2)", "[0.1]"), "true");
  EXPECT_EQ(member("0.5", "DOUBLE", "[1, 0.5]"), "true");
  EXPECT_EQ(member("9007199254740992", "DOUBLE", "[9007199254740993]"), "null");
  EXPECT_EQ(member("5", "INTEGER", R"(["abc"])"), "\"abc\" is not a number");
  EXPECT_EQ(member("'5'", "VARCHAR", "[5]"), "true");
  EXPECT_EQ(member("true", "BOOLEAN", "[true]"), "true");
}

}  // namespace
}  // namespace millrace
