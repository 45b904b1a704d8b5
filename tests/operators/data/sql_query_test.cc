// sql.query on a real PostgreSQL. Right values: what the query writes literally.
#include "operators/data/sql_query.h"

#include <atomic>
#include <cstdlib>
#include <thread>

#include "engine/op/catalog.h"
#include "tests/operators/read_artifact.h"
#include "tests/pg/test_cluster.h"

namespace millrace {
namespace {

using testing::open_database;
using testing::query;

class SqlQueryTest : public ::testing::Test {
 protected:
  SqlQueryTest() { ::setenv("SQL_QUERY_TEST", database_->dsn().c_str(), 1); }
  Result<Outcome> run(const std::string& sql, Json with = Json::object()) {
    with.set("query", sql);
    if (!with.contains("connection")) with.set("connection_env", "SQL_QUERY_TEST");
    return catalog_.run("sql.query", with, ctx_);
  }
  Done done(const std::string& sql, Json with = Json::object()) {
    return expect_outcome<Done>(run(sql, std::move(with)));
  }
  std::string error(const std::string& sql, Json with = Json::object()) {
    const auto outcome = run(sql, std::move(with));
    return outcome ? "no error" : outcome.error().to_string();
  }
  /// The types and the first row of the table.
  std::string types_of(const Done& done) {
    const Json rows =
        query_artifact(ctx_, done.outputs["table"], "DESCRIBE SELECT * FROM $table").to_json();
    std::string out;
    for (const auto& row : rows.items())
      out += row["column_name"].as_string() + " " + row["column_type"].as_string() + "; ";
    return out;
  }

  std::unique_ptr<Database> database_ = open_database(testing::empty_database());
  FakeContext ctx_;
  Catalog catalog_ = Catalog::of<SqlQuery>();
};

TEST_F(SqlQueryTest, KeepsTypesAndValuesExactly) {
  const Done out = done(R"(SELECT
    true AS b, 32767::smallint AS s, 2147483647 AS i, -9223372036854775808 AS l, 0.1::real AS r,
    0.30000000000000004::float8 AS d, 10.50::numeric(9, 2) AS money,
    1234567890123456789.0123456789::numeric AS wide, DATE '2024-02-29' AS day,
    TIMESTAMP '2024-03-01 12:00:00.000001' AS local, TIMESTAMPTZ '2024-03-01 12:00:00+02' AS paid,
    TIME '23:59:59.5' AS clock, '\x00ff5c'::bytea AS bytes,
    '{"a": 1.50, "b": [null, "é\n"]}'::jsonb AS doc, E'x\t"\\.\n\\.\n' AS text,
    '8b6f8a52-0c6c-4b6d-9d9b-3a2d1f7f0c11'::uuid AS id, ARRAY[1, 2] AS list,
    interval '1 day 00:00:01' AS span)");
  EXPECT_EQ(
      "b BOOLEAN; s SMALLINT; i INTEGER; l BIGINT; r FLOAT; d DOUBLE; money DECIMAL(9,2); "
      "wide DECIMAL(29,10); day DATE; local TIMESTAMP; paid TIMESTAMP WITH TIME ZONE; clock TIME; "
      "bytes BLOB; doc VARCHAR; text VARCHAR; id UUID; list VARCHAR; span VARCHAR; ",
      types_of(out));
  const Json row = query_artifact(ctx_, out.outputs["table"],
                                  "SELECT COLUMNS(*)::VARCHAR, hex(bytes) AS hex FROM $table")
                       .to_json()
                       .at(0);
  const std::vector<std::pair<std::string, std::string>> expected = {
      {"b", "true"},
      {"l", "-9223372036854775808"},
      {"r", "0.1"},
      {"d", "0.30000000000000004"},
      {"money", "10.50"},
      {"wide", "1234567890123456789.0123456789"},
      {"day", "2024-02-29"},
      {"local", "2024-03-01 12:00:00.000001"},
      {"paid", "2024-03-01 10:00:00+00"},
      {"clock", "23:59:59.5"},
      {"hex", "00FF5C"},
      {"doc", "{\"a\": 1.50, \"b\": [null, \"é\\n\"]}"},
      {"text", "x\t\"\\.\n\\.\n"},
      {"id", "8b6f8a52-0c6c-4b6d-9d9b-3a2d1f7f0c11"},
      {"list", "{1,2}"},
      {"span", "1 day 00:00:01"}};
  for (const auto& [name, value] : expected) EXPECT_EQ(value, row[name].as_string()) << name;
}

TEST_F(SqlQueryTest, KeepsNullsEmptyTextsAndOldDates) {
  const Done out = done(
      "SELECT * FROM (VALUES (NULL, '', DATE '0044-03-15 BC', TIMESTAMP '0044-03-15 12:00 BC', "
      "'NaN'::float8, 'NaN'::numeric), ('NULL', NULL, NULL, NULL, 1, 2.5)) AS t(a, b, day, ts, f, "
      "n)");
  EXPECT_EQ(
      "[{\"a\":null,\"b\":\"\",\"day\":\"0044-03-15 (BC)\",\"ts\":\"0044-03-15 (BC) "
      "12:00:00\",\"f\":null,\"n\":null},{\"a\":\"NULL\",\"b\":null,\"day\":null,\"ts\":null,"
      "\"f\":1.0,\"n\":2.5}]",
      query_artifact(ctx_, out.outputs["table"],
                     "SELECT a, b, day::VARCHAR AS day, ts::VARCHAR AS ts, f, n FROM $table")
          .to_json()
          .dump());
}

TEST_F(SqlQueryTest, KeepsTheOrderOfManyRowsInBoundedMemory) {
  const Done out = done("SELECT i, repeat('x', 100) AS t FROM generate_series(1, 50000) AS i");
  EXPECT_EQ(Json(50000), out.outputs["rows"]);
  EXPECT_EQ(R"([{"n":50000,"ordered":true}])",
            query_artifact(ctx_, out.outputs["table"],
                           "SELECT count(*) AS n, bool_and(i = r) AS ordered FROM (SELECT i, "
                           "row_number() OVER () AS r FROM $table)")
                .to_json()
                .dump());
  const Done none = done("SELECT 1 AS a, 1.5::numeric AS n WHERE false");
  EXPECT_EQ("a INTEGER; n DECIMAL(18,0); ", types_of(none));
  EXPECT_EQ(Json(0), none.outputs["rows"]);
}

TEST_F(SqlQueryTest, BindsParams) {
  const Done out =
      done("SELECT $1::text AS a, $2::int AS b, $3::bool AS c, $4::text AS d, $5::jsonb AS e",
           Json::object({{"params", Json::array({"'; DROP TABLE x; --", 7, true, Json(),
                                                 Json::object({{"k", 1}})})},
                         {"output", "rows"}}));
  EXPECT_EQ(R"([{"a":"'; DROP TABLE x; --","b":7,"c":true,"d":null,"e":{"k":1}}])",
            out.outputs["values"].dump());
}

TEST_F(SqlQueryTest, RefusesWhatItCannotKeep) {
  EXPECT_EQ(
      "the result has two columns 'A', and names that differ only in case are equal; rename "
      "one: … AS other_name",
      error("SELECT 1 AS a, 2 AS \"A\""));
  EXPECT_EQ("the statement gives no rows; write SELECT, or add RETURNING",
            error("SET work_mem = 64"));
  EXPECT_EQ("COPY is not possible here", error("COPY (SELECT 1) TO STDOUT"));
  EXPECT_EQ(
      "column 'n' is a numeric with a value that is longer than 38 digits; convert it in the "
      "query, for example with ::numeric(38, 10), ::float8 or ::text",
      error("SELECT 1e39::numeric AS n"));
  EXPECT_EQ("the result has more than 2 rows",
            error("SELECT generate_series(1, 3)", Json::object({{"max_rows", 2}})));
  EXPECT_EQ("the result has more than 1000 rows",
            error("SELECT generate_series(1, 1001)", Json::object({{"output", "rows"}})));
  EXPECT_EQ("the result has more than max_bytes = 9 bytes",
            error("SELECT 'ten bytes!'", Json::object({{"max_bytes", 9}})));
  EXPECT_EQ("the result has no rows; to accept an empty table, set allow_empty: true",
            error("SELECT 1 WHERE false", Json::object({{"allow_empty", false}})));
  EXPECT_EQ("params must be a list: [value of $1, …]",
            error("SELECT 1", Json::object({{"params", "x"}})));
}

TEST_F(SqlQueryTest, ErrorsNameThePlaceInTheQuery) {
  EXPECT_EQ("query, line 2, column 11: PostgreSQL: column \"nope\" does not exist",
            error("SELECT 'é' AS a,\n  1 + 2 + nope"));
  EXPECT_EQ(ErrorCode::not_found, run("SELECT * FROM nope").error().code);
  EXPECT_EQ(ErrorCode::data_invalid,
            run("SELECT 'x'::int FROM generate_series(1, 2)").error().code);
  EXPECT_TRUE(error("SELECT 1; SELECT 2")
                  .ends_with("cannot insert multiple commands into a prepared statement"));
}

TEST_F(SqlQueryTest, WritesOnlyWhereItIsAllowed) {
  query(*database_, "CREATE TABLE t (i int)");
  const std::string insert = "INSERT INTO t VALUES (1) RETURNING i";
  EXPECT_EQ(
      "PostgreSQL: cannot execute INSERT in a read-only transaction; if the query should "
      "write, set read_only: false",
      error(insert));
  EXPECT_EQ("0", query(*database_, "SELECT count(*) FROM t"));
  const Json writes = Json::object({{"read_only", false}});
  done(insert, writes);
  EXPECT_EQ("1", query(*database_, "SELECT count(*) FROM t"));
  // Rows that cannot be kept undo the statement.
  error("INSERT INTO t VALUES (2) RETURNING 1e39::numeric", writes);
  EXPECT_EQ("1", query(*database_, "SELECT count(*) FROM t"));
}

TEST_F(SqlQueryTest, EndsTheStatementInTheDatabase) {
  EXPECT_EQ(ErrorCode::timeout,
            run("SELECT pg_sleep(600)", Json::object({{"timeout", "50ms"}})).error().code);
  const std::string active =
      "SELECT count(*) FROM pg_stat_activity WHERE query LIKE '%pg_sleep(601)%' AND state = "
      "'active' AND pid <> pg_backend_pid()";
  std::atomic<bool> stop = false;
  ctx_.stop = [&] { return stop.load(); };
  Result<Outcome> outcome = internal_error("");
  std::thread task([&] { outcome = run("SELECT pg_sleep(601)"); });
  while (query(*database_, active) == "0") {
  }
  stop = true;
  task.join();
  ASSERT_FALSE(outcome);
  EXPECT_EQ(ErrorCode::cancelled, outcome.error().code);
  while (query(*database_, active) != "0") {
  }
}

TEST_F(SqlQueryTest, KeepsThePasswordOutOfFilesAndErrors) {
  EXPECT_NE(std::string::npos,
            error("SELECT 1", Json::object({{"connection", "postgresql://a:s3cr3t@h/d"}}))
                .find("the address holds a password; put it into an environment variable"));
  ::setenv("SQL_QUERY_TEST", "host=/nowhere password=s3cr3t dbname=s3cr3t", 1);
  const auto refused = run("SELECT 1");
  ASSERT_FALSE(refused);
  EXPECT_EQ(ErrorCode::unavailable, refused.error().code) << refused.error().message;
  EXPECT_EQ(std::string::npos, refused.error().message.find("s3cr3t"));
  ::setenv("SQL_QUERY_TEST", "postgresql://a:s3cr3t@h:nan/d", 1);
  EXPECT_EQ(std::string::npos, error("SELECT 1").find("s3cr3t"));
  ::unsetenv("SQL_QUERY_TEST");
  EXPECT_EQ("connection_env: the environment variable 'SQL_QUERY_TEST' is not set",
            error("SELECT 1"));
}

TEST_F(SqlQueryTest, TheLargestValueOfAColumnBecomesTheWatermark) {
  const std::string sql =
      "SELECT * FROM (VALUES (1, TIMESTAMP '2026-11-28 10:00:00.5'), (2, NULL), "
      "(3, '2026-11-27')) orders(id, paid_at)";
  const Json with = Json::object({{"dataset", "orders"}, {"watermark", "paid_at"}});
  const Done out = done(sql, with);
  EXPECT_EQ(out.outputs["watermark"], Json("2026-11-28 10:00:00.5"));
  const auto marks = effects_of<SetWatermark>(out.effects);
  ASSERT_EQ(marks.size(), 1u);
  EXPECT_EQ(marks[0].value, Json("2026-11-28 10:00:00.5"));
  EXPECT_TRUE(effects_of<SetWatermark>(done(sql + " WHERE id = 2", with).effects).empty());
  EXPECT_EQ(error(sql, Json::object({{"watermark", "paid_at"}})),
            "watermark needs dataset: the dataset whose watermark it is");
}

}  // namespace
}  // namespace millrace
