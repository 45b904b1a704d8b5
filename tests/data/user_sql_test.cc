#include "engine/data/user_sql.h"

#include <gtest/gtest.h>

namespace millrace::data {
namespace {

class UserSql : public ::testing::Test {
 protected:
  UserSql() {
    EXPECT_TRUE(session_
                    ->execute("CREATE TABLE t (amount DOUBLE, created TIMESTAMP, note VARCHAR, "
                              "\"order id\" BIGINT)")
                    .ok());
  }
  std::string message(std::string_view text, std::string_view what = "where") {
    const auto checked = check_expression(*session_, what, text, "t");
    return checked ? "fine" : checked.error().message;
  }
  Result<Session> session_ = Session::open();
};

TEST_F(UserSql, AcceptsAnExpressionOfTheRow) {
  for (const char* good : {"amount > 1", "note = 'x' -- why", "\"order id\" IN (1, 2)",
                           "hour(created)", "CASE WHEN note IS NULL THEN 0 ELSE amount END"})
    EXPECT_EQ(message(good), "fine") << good;
}

// Each message starts with the parameter and the text, and holds nothing of the statement around.
TEST_F(UserSql, NamesTheParameterTheTextAndTheCure) {
  EXPECT_EQ(message("amout > 1"),
            "where 'amout > 1': there is no column 'amout'; did you mean 'amount'?; the columns "
            "are amount, created, note, order id. A text is written between single quotes");
  EXPECT_EQ(message("amount>>"), "where 'amount>>': the operator >> has nothing on its right side");
  EXPECT_TRUE(message("foo(created)", "feature 'age'")
                  .starts_with("feature 'age' 'foo(created)': DuckDB has no function 'foo'"))
      << message("foo(created)", "feature 'age'");
  EXPECT_TRUE(message("hour(note, note)")
                  .starts_with("where 'hour(note, note)': the types do not "
                               "fit in hour(VARCHAR, VARCHAR)"))
      << message("hour(note, note)");
  EXPECT_EQ(message("sum(amount) > 1"),
            "where 'sum(amount) > 1': an aggregate such as sum() sees other rows; here, only the "
            "row itself can be used");
  EXPECT_TRUE(message("u.amount > 1").starts_with("where 'u.amount > 1': 'u.' names another table"))
      << message("u.amount > 1");
  for (const char* bad :
       {"amount >", "amount; note", "amount, note", "note = 'x", "(amount", ")"}) {
    EXPECT_TRUE(message(bad).starts_with("where '" + std::string(bad) + "' is not one SQL expr"))
        << message(bad);
  }
  for (const char* bad : {"amout > 1", "amount>>", "foo(created)", "hour(note, note)", "amount >",
                          "note + 1 > created", "created > 5"})
    for (const char* leak : {"FROM clause", "LINE", "Candidate", "__postfix", "\n"})
      EXPECT_EQ(message(bad).find(leak), std::string::npos) << message(bad);
}

}  // namespace
}  // namespace millrace::data
