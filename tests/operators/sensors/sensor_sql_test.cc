// sensor.sql on a real PostgreSQL.
#include "operators/sensors/sensor_sql.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "tests/operators/fake_context.h"
#include "tests/pg/test_cluster.h"

namespace millrace::operators {
namespace {

class SensorSqlTest : public ::testing::Test {
 protected:
  SensorSqlTest() { ::setenv("SENSOR_SQL_TEST", database_->dsn().c_str(), 1); }
  Result<Outcome> look(const std::string& sql, Json with = Json::object()) {
    with.set("query", sql);
    if (!with.contains("connection")) with.set("connection_env", "SENSOR_SQL_TEST");
    return Catalog::of<SensorSql>().run("sensor.sql", with, ctx_);
  }
  std::string answer(const std::string& sql) {
    return expect_outcome<Defer>(look(sql)).checkpoint["answer"].as_string();
  }

  std::unique_ptr<Database> database_ = testing::open_database(testing::empty_database());
  FakeContext ctx_;
};

TEST_F(SensorSqlTest, WaitsForARowWithAValue) {
  EXPECT_EQ(answer("SELECT 1 WHERE false"), "the query gives no row");
  EXPECT_EQ(answer("SELECT NULL AS day"), "the first value, day, is null");
  EXPECT_EQ(answer("SELECT false AS done"), "the first value, done, is false");
  EXPECT_EQ(answer("SELECT count(*) FROM pg_class WHERE false"), "the first value, count, is 0");
  EXPECT_EQ(answer("SELECT 0.00::numeric AS sum"), "the first value, sum, is 0.0");
  EXPECT_EQ(answer("SELECT ''::text AS name"), "the first value, name, is \"\"");
  for (const char* sql : {"SELECT true", "SELECT -1", "SELECT 0.01::numeric", "SELECT 'f'::text",
                          "SELECT 'NaN'::float8", "SELECT DATE '2024-02-29'"})
    expect_outcome<Done>(look(sql));
}

TEST_F(SensorSqlTest, HandsTheFirstRowOn) {
  const Done done = expect_outcome<Done>(
      look("SELECT n AS id, $1::text AS name, '{\"a\": 1}'::jsonb AS doc, true AS ok, NULL AS none "
           "FROM generate_series(1, 3) AS n",
           Json::object({{"params", Json::array({"Ada"})}})));
  EXPECT_EQ(done.outputs["row"], Json::object({{"id", 1},
                                               {"name", "Ada"},
                                               {"doc", Json::object({{"a", 1}})},
                                               {"ok", true},
                                               {"none", Json()}}));
  EXPECT_EQ(done.outputs["looks"], Json(1));
}

TEST_F(SensorSqlTest, LocatesAnErrorOfTheQueryAndFailsAtOnce) {
  const auto outcome = look("SELECT 1\nFROM nowhere");
  ASSERT_FALSE(outcome);
  EXPECT_EQ(outcome.error().to_string(),
            "query, line 2, column 6: PostgreSQL: relation \"nowhere\" does not exist");
  EXPECT_FALSE(outcome.error().transient());
}

TEST_F(SensorSqlTest, CannotWrite) {
  EXPECT_NE(look("CREATE TABLE t (n int)").error().message.find("read-only"), std::string::npos);
}

TEST_F(SensorSqlTest, CountsADatabaseThatIsNotThereYetAsNotYet) {
  const Defer defer = expect_outcome<Defer>(look(
      "SELECT 1",
      Json::object({{"connection", "host=127.0.0.1 port=1 dbname=x"}, {"connection_env", ""}})));
  EXPECT_EQ(defer.checkpoint["answer"].as_view().substr(0, 16), "the look failed:");
}

TEST_F(SensorSqlTest, KeepsADecimalOfManyDigitsAsText) {
  const Done done = expect_outcome<Done>(
      look("SELECT 1234567890123456789.5 AS wide, 12345678901234567890::numeric AS big, "
           "0.10::numeric AS small, '{\"n\": 12345678901234567890}'::json AS doc"));
  EXPECT_EQ(done.outputs["row"], Json::object({{"wide", "1234567890123456789.5"},
                                               {"big", "12345678901234567890"},
                                               {"small", 0.1},
                                               {"doc", "{\"n\": 12345678901234567890}"}}));
}

TEST_F(SensorSqlTest, FailsAtOnceWhereTimeDoesNotHelp) {
  for (const auto& [sql, params] : std::vector<std::pair<const char*, Json>>{
           {" ;\n", Json::array()}, {"SELECT $1::int", Json::array({1, 2})}}) {
    const auto outcome = look(sql, Json::object({{"params", params}}));
    ASSERT_FALSE(outcome) << sql;
    EXPECT_EQ(outcome.error().code, ErrorCode::invalid_argument) << outcome.error().message;
  }
}

}  // namespace
}  // namespace millrace::operators
