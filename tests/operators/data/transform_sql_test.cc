#include "operators/data/transform_sql.h"

#include <filesystem>

#include "engine/op/catalog.h"
#include "tests/operators/read_artifact.h"

namespace millrace {
namespace {

class TransformSqlTest : public ::testing::Test {
 protected:
  Result<Outcome> run(const std::string& sql, Json more = Json::object()) {
    Json with = Json::object(
        {{"inputs", Json::object({{"orders", orders_}, {"customers", customers_}})}, {"sql", sql}});
    for (const auto& [name, value] : more.members()) with.set(name, value);
    return catalog_.run("transform.sql", with, ctx_);
  }
  Done done(const std::string& sql, Json more = Json::object()) {
    return expect_outcome<Done>(run(sql, std::move(more)));
  }
  std::string error(const std::string& sql, Json more = Json::object()) {
    const auto outcome = run(sql, std::move(more));
    return outcome ? "no error" : outcome.error().message;
  }

  FakeContext ctx_;
  Catalog catalog_ = Catalog::of<TransformSql>();
  std::string orders_ = put_table(
      ctx_,
      "SELECT * FROM (VALUES (1, 7, 10.50::DECIMAL(9,2), TIMESTAMPTZ '2024-03-01 12:00:00+02', "
      "1.0::DOUBLE), (2, 7, 0.10, NULL, 'nan'::DOUBLE), (3, 8, 99.99, '2024-03-02 00:00:00+00', "
      "3.0)) AS t(id, customer, amount, paid, weight)");
  std::string customers_ =
      put_table(ctx_, "SELECT * FROM (VALUES (7, 'NL'), (8, 'DE')) AS t(id, country)");
};

// The values are computed by hand from the rows above.
TEST_F(TransformSqlTest, JoinsAndAggregates) {
  const Done out = done(
      "SELECT country, count(*) AS n, sum(amount) AS amount, avg(weight) AS weight\n"
      "FROM orders JOIN customers ON orders.customer = customers.id\n"
      "GROUP BY country ORDER BY country;  -- one row for each country");
  EXPECT_EQ(out.outputs["rows"], Json(2));
  EXPECT_EQ(out.outputs["columns"], Json::array({"country", "n", "amount", "weight"}));
  // The NaN is a null: it is not in the mean.
  EXPECT_EQ(query_artifact(ctx_, out.outputs["table"],
                           "SELECT country, n, amount::VARCHAR AS amount, weight FROM $table")
                .to_json()
                .dump(),
            R"([{"country":"DE","n":1,"amount":"99.99","weight":3.0},)"
            R"({"country":"NL","n":2,"amount":"10.60","weight":1.0}])");
  const auto published = effects_of<PublishArtifact>(out.effects);
  ASSERT_EQ(published.size(), 1u);
  EXPECT_EQ(published[0].artifact_kind, "table");
  EXPECT_EQ(published[0].rows, 2);
  EXPECT_EQ(published[0].inputs, (std::vector<std::string>{orders_, customers_}));
}

// docs/data.md: instants and decimals stay what they are, a sum of integers of 128 bits becomes
// DECIMAL(38,0).
TEST_F(TransformSqlTest, KeepsTypes) {
  const Done out = done(
      "SELECT paid, amount, sum(id) OVER () AS total, DATE '2024-02-29' AS day, "
      "170141183460469231731687303715884105::HUGEINT AS big FROM orders ORDER BY id LIMIT 1");
  EXPECT_EQ(query_artifact(ctx_, out.outputs["table"],
                           "SELECT column_name AS name, column_type AS type FROM (DESCRIBE SELECT "
                           "* FROM $table)")
                .to_json()
                .dump(),
            "[{\"name\":\"paid\",\"type\":\"TIMESTAMP WITH TIME ZONE\"},"
            "{\"name\":\"amount\",\"type\":\"DECIMAL(9,2)\"},"
            "{\"name\":\"total\",\"type\":\"DECIMAL(38,0)\"},"
            "{\"name\":\"day\",\"type\":\"DATE\"},"
            "{\"name\":\"big\",\"type\":\"DECIMAL(38,0)\"}]");
  EXPECT_EQ(query_artifact(ctx_, out.outputs["table"],
                           "SELECT paid::VARCHAR AS paid, big::VARCHAR AS big FROM $table")
                .to_json()
                .dump(),
            R"([{"paid":"2024-03-01 10:00:00+00",)"
            R"("big":"170141183460469231731687303715884105"}])");
}

TEST_F(TransformSqlTest, GivesTheSameArtifactEachTime) {
  const std::string sql = "SELECT customer, sum(amount) AS a FROM orders GROUP BY 1 ORDER BY 1";
  EXPECT_EQ(done(sql).outputs["table"], done(sql).outputs["table"]);
}

TEST_F(TransformSqlTest, TakesVariablesAsValues) {
  const std::string sql =
      "SELECT id, getvariable('note') AS note FROM orders WHERE amount >= getvariable('least') "
      "ORDER BY id";
  const std::string hostile = "'; DROP TABLE orders; --";
  const Done out =
      done(sql, Json::object({{"variables", Json::object({{"least", 10}, {"note", hostile}})}}));
  EXPECT_EQ(rows_of(ctx_, out.outputs["table"]),
            Json::array({Json::object({{"id", 1}, {"note", hostile}}),
                         Json::object({{"id", 3}, {"note", hostile}})})
                .dump());
  EXPECT_EQ(error(sql, Json::object({{"variables", Json::object({{"a b", 1}})}})),
            "variables: 'a b' is not a name; use letters, digits and _");
}

// DuckDB itself gives a null for a variable that is not set.
TEST_F(TransformSqlTest, RefusesAVariableThatIsNotGiven) {
  const std::string sql = "SELECT id FROM orders\nWHERE amount >= GetVariable('leest')";
  EXPECT_EQ(error(sql, Json::object({{"variables", Json::object({{"least", 10}, {"note", "x"}})}})),
            "sql, line 2, column 17: there is no variable 'leest'; did you mean 'least'?; the "
            "variables are least, note");
  EXPECT_EQ(error("SELECT getvariable('x') AS x FROM orders"),
            "sql, line 1, column 8: there is no variable 'x'; the variables are none");
  // As DuckDB has it, the case of a name does not count.
  done(sql, Json::object({{"variables", Json::object({{"LEEST", 10}})}}));
}

TEST_F(TransformSqlTest, AnEmptyResultHasItsColumnsAndMayBeAnError) {
  const std::string sql = "SELECT id, paid FROM orders WHERE id > 5";
  const Done out = done(sql);
  EXPECT_EQ(out.outputs["rows"], Json(0));
  EXPECT_EQ(out.outputs["columns"], Json::array({"id", "paid"}));
  EXPECT_EQ(error(sql, Json::object({{"allow_empty", false}})),
            "the result has no rows; to accept an empty table, set allow_empty: true");
}

TEST_F(TransformSqlTest, BoundsTheRows) {
  EXPECT_EQ(error("SELECT * FROM orders", Json::object({{"max_rows", 2}})),
            "the result has more than max_rows = 2 rows");
  EXPECT_EQ(done("SELECT * FROM orders", Json::object({{"max_rows", 3}})).outputs["rows"], Json(3));
}

TEST_F(TransformSqlTest, PlacesErrorsOfTheQueryAndOfItsValues) {
  EXPECT_EQ(error("SELECT id,\n  amuont FROM orders"),
            "sql, line 2, column 3: there is no column 'amuont'; did you mean 'amount'?; the "
            "columns are id, customer, amount, paid, weight, country. A text is written between "
            "single quotes");
  EXPECT_EQ(error("SELECT\n  country::INTEGER AS n FROM customers"),
            "sql, line 2, column 10: Could not convert string 'NL' to INT32 when casting from "
            "source column country");
}

TEST_F(TransformSqlTest, ReadsNothingButItsInputs) {
  const auto secret = ctx_.write("secret.csv", "a\n1\n");
  for (const std::string& bad :
       {"SELECT * FROM '" + secret.string() + "'",
        "SELECT * FROM read_csv('" + secret.string() + "')",
        "SELECT * FROM '" + ctx_.store().get(orders_)->path.string() + "'",
        std::string("SELECT * FROM duckdb_settings()"), std::string("SET threads = 1"),
        "COPY orders TO '" + (ctx_.work_dir() / "x.csv").string() + "'"}) {
    const auto outcome = run(bad);
    ASSERT_FALSE(outcome.ok()) << bad;
    EXPECT_EQ(outcome.error().code, ErrorCode::invalid_argument) << outcome.error().message;
  }
}

TEST_F(TransformSqlTest, RefusesWhatIsNotATable) {
  const auto text = ctx_.store().put_text("not a table");
  const std::string message =
      error("SELECT * FROM x", Json::object({{"inputs", Json::object({{"x", text->digest}})}}));
  EXPECT_EQ(message,
            "input 'x' is not a table: artifact " + text->digest + " is not a Parquet file");
  EXPECT_EQ(error("SELECT 1 AS a",
                  Json::object({{"inputs", Json::object({{"a", orders_}, {"A", orders_}})}})),
            "inputs: 'A' is there twice; names that differ only in case are equal");
}

TEST_F(TransformSqlTest, StopsWhenTheAttemptIsCancelled) {
  // As soon as the query writes its result, which would take it years.
  ctx_.stop = [&] {
    for (const auto& entry : std::filesystem::directory_iterator(ctx_.work_dir()))
      if (entry.path().string().ends_with("table.parquet")) return true;
    return false;
  };
  const auto outcome =
      run("SELECT sum(a.range * b.range) AS s FROM range(10000000) AS a, range(10000000) AS b");
  ASSERT_FALSE(outcome.ok());
  EXPECT_EQ(outcome.error().code, ErrorCode::cancelled);
}

}  // namespace
}  // namespace millrace
