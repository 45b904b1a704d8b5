#include "engine/data/user_query.h"

#include <gtest/gtest.h>

namespace millrace::data {
namespace {

class UserQuery : public ::testing::Test {
 protected:
  UserQuery() {
    for (const char* table :
         {"CREATE TABLE orders (id BIGINT, amount DECIMAL(9,2), paid TIMESTAMPTZ, note VARCHAR)",
          "CREATE TABLE customers (id BIGINT, name VARCHAR)"})
      EXPECT_TRUE(session_->execute(table).ok());
  }
  /// The statement, or the error.
  std::string checked(std::string_view text) {
    const auto found = check_query(*session_, "sql", text, {"orders", "customers"});
    return found ? *found : found.error().message;
  }
  Result<Session> session_ = Session::open({.places = true});
};

TEST_F(UserQuery, AcceptsOneSelectOverItsInputs) {
  for (const std::string good :
       {"SELECT * FROM orders", "FROM orders SELECT id", "VALUES (1, 'a')",
        "SELECT o.id, c.name FROM orders AS o JOIN customers AS c ON o.id = c.id",
        "WITH big AS (SELECT * FROM ORDERS WHERE amount > 5) SELECT count(*) AS n FROM big",
        "SELECT i, i * 2 AS twice FROM range(3) AS r(i)", "SELECT unnest([1, 2]) AS one -- two",
        "SELECT * FROM customers UNION ALL BY NAME SELECT id, note AS name FROM orders",
        "SELECT * FROM (SELECT id, note FROM orders) PIVOT (count(*) FOR note IN ('a', 'b'))"})
    EXPECT_EQ(checked(good), good);
}

TEST_F(UserQuery, TakesOffTheSemicolonAndWhatFollowsIt) {
  EXPECT_EQ(checked("SELECT ';' AS a;"), "SELECT ';' AS a");
  EXPECT_EQ(checked("SELECT 1 AS a -- ; one\n ;; -- two; three"), "SELECT 1 AS a -- ");
}

// Lines and columns count from 1; 'é' is one column and two bytes.
TEST_F(UserQuery, NamesLineAndColumn) {
  EXPECT_EQ(checked("SELECT id,\n  'é' AS e, amuont\nFROM orders"),
            "sql, line 2, column 13: there is no column 'amuont'; did you mean 'amount'?; the "
            "columns are id, amount, paid, note, name. A text is written between single quotes");
  EXPECT_EQ(checked("SELECT id\nFORM orders\nWHERE id = 1"),
            "sql, line 2, column 6: syntax error at or near \"orders\"");
  EXPECT_EQ(checked("SELECT *\nFROM order_s"),
            "sql, line 2, column 6: there is no input 'order_s'; did you mean 'orders'?; the "
            "inputs are orders, customers");
  EXPECT_EQ(checked("SELECT hour(note, note) AS h FROM orders"),
            "sql, line 1, column 8: the types do not fit in hour(VARCHAR, VARCHAR); convert a "
            "value with CAST(… AS TYPE)");
}

TEST_F(UserQuery, RefusesEverythingButOneSelect) {
  EXPECT_EQ(checked(""), "sql: there is no statement; write one SELECT");
  EXPECT_EQ(checked("-- nothing"), "sql: there is no statement; write one SELECT");
  EXPECT_EQ(checked("SELECT 1; SELECT 2"),
            "sql: there are 2 statements; write one SELECT, with its parts as WITH name AS (…)");
  for (const char* other :
       {"DROP TABLE orders", "COPY orders TO '/tmp/x.csv'", "ATTACH '/tmp/x.db'", "INSTALL httpfs",
        "SET threads = 1", "PRAGMA database_list", "CALL duckdb_settings()",
        "CREATE TABLE t AS SELECT 1", "INSERT INTO orders SELECT * FROM orders",
        "EXPLAIN SELECT 1"})
    EXPECT_EQ(checked(other), "sql: only one SELECT is allowed, and this is another statement");
}

TEST_F(UserQuery, ReadsNothingButItsInputs) {
  for (const char* bad :
       {"SELECT * FROM '/etc/passwd'",
        "SELECT * FROM read_csv('/etc/passwd')",
        "SELECT * FROM read_text('/etc/passwd')",
        "SELECT * FROM glob('/*')",
        "SELECT * FROM duckdb_settings()",
        "SELECT * FROM duckdb_secrets()",
        "SELECT * FROM query('SELECT 1')",
        "SELECT * FROM query_table('orders')",
        "SELECT * FROM pragma_version()",
        "SELECT * FROM information_schema.tables",
        "SELECT * FROM main.orders",
        "SELECT * FROM sqlite_master",
        "DESCRIBE orders",
        "SELECT * FROM (SHOW TABLES)",
        "SELECT current_setting('temp_directory') AS t",
        "SELECT id FROM orders WHERE id IN (SELECT size FROM read_blob('/etc/passwd'))",
        "SELECT write_log('x') AS x",
        "SELECT getenv('HOME') AS h",
        "SELECT ? AS a",
        "SELECT $a AS a"}) {
    const auto found = check_query(*session_, "sql", bad, {"orders"});
    ASSERT_FALSE(found.ok()) << bad;
    EXPECT_EQ(found.error().code, ErrorCode::invalid_argument) << bad;
    EXPECT_TRUE(found.error().message.starts_with("sql")) << found.error().message;
  }
}

// DuckDB would name the second column a_1; Parquet has neither an offset of a time of day nor a
// union, and an interval loses its microseconds.
TEST_F(UserQuery, RefusesColumnsThatATableCannotHold) {
  EXPECT_TRUE(checked("SELECT id AS a, note AS A FROM orders")
                  .starts_with("sql: the result has two columns 'A'"));
  for (const char* bad : {"SELECT TIMETZ '10:00:00+02' AS t", "SELECT [INTERVAL 1 DAY] AS t",
                          "SELECT '1'::BIT AS t", "SELECT 1::UNION(num INTEGER, str VARCHAR) AS t"})
    EXPECT_TRUE(checked(bad).starts_with("sql: column 't' of the result is a")) << checked(bad);
}

// An error while the rows are computed has its place as well, although the query is within another
// statement.
TEST_F(UserQuery, PlacesAnErrorOfAValue) {
  const std::string text = "SELECT 1 AS a,\n CAST(note AS INTEGER) AS n FROM orders";
  ASSERT_TRUE(session_->execute("INSERT INTO orders VALUES (1, 2, NULL, 'x')").ok());
  ASSERT_EQ(checked(text), text);
  auto rows = session_->query("SELECT * FROM (" + text + "\n) LIMIT 5");
  ASSERT_FALSE(rows.ok());
  const Error error =
      explain_query_error(*session_, std::move(rows).error(), "sql", text, {"orders"});
  EXPECT_EQ(error.code, ErrorCode::data_invalid);
  EXPECT_EQ(error.message,
            "sql, line 2, column 2: Could not convert string 'x' to INT32 when casting "
            "from source column note");
}

// 100,000 levels and terms: an error or a result, but neither a crash nor minutes.
TEST_F(UserQuery, SurvivesDeepText) {
  const std::string deep =
      "SELECT " + std::string(100'000, '(') + "1" + std::string(100'000, ')') + " AS a";
  EXPECT_TRUE(checked(deep).starts_with("sql")) << checked(deep).substr(0, 200);
  std::string sum = "SELECT 1";
  for (int i = 0; i < 100'000; ++i) sum += "+1";
  EXPECT_TRUE(checked(sum + " AS a").starts_with("sql")) << checked(sum).substr(0, 200);
}

}  // namespace
}  // namespace millrace::data
