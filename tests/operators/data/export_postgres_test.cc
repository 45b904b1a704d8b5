// export.postgres into a real PostgreSQL.
#include "operators/data/export_postgres.h"

#include <atomic>
#include <cstdlib>
#include <thread>

#include "engine/op/catalog.h"
#include "engine/pg/session.h"
#include "operators/data/sql_query.h"
#include "tests/operators/read_artifact.h"
#include "tests/pg/test_cluster.h"

namespace millrace {
namespace {

using testing::open_database;
using testing::query;

class ExportPostgresTest : public ::testing::Test {
 protected:
  ExportPostgresTest() { ::setenv("EXPORT_TEST", database_->dsn().c_str(), 1); }
  Json with_defaults(Json with) {
    if (!with.contains("input")) with.set("input", sales_);
    if (!with.contains("table")) with.set("table", "sales");
    return with.set("connection_env", "EXPORT_TEST");
  }
  Result<Outcome> run(Json with) {
    return catalog_.run("export.postgres", with_defaults(std::move(with)), ctx_);
  }
  Done done(Json with) { return expect_outcome<Done>(run(std::move(with))); }
  std::string error(Json with) {
    const auto outcome = run(std::move(with));
    return outcome ? "no error" : outcome.error().message;
  }
  std::string ask(const std::string& sql) { return query(*database_, sql); }
  std::string ids() {
    return ask("SELECT string_agg(id || note, ' ' ORDER BY id, note) FROM sales");
  }

  std::unique_ptr<Database> database_ = open_database(testing::empty_database());
  FakeContext ctx_;
  Catalog catalog_ = Catalog::of<ExportPostgres, SqlQuery>();
  std::string sales_ = put_table(ctx_, "SELECT * FROM (VALUES (1, 'a'), (2, 'b')) AS t(id, note)");
  std::string more_ = put_table(ctx_, "SELECT * FROM (VALUES (2, 'c'), (3, 'd')) AS t(id, note)");
};

// What the servers before 18 misread in CSV, and what COPY escapes.
TEST_F(ExportPostgresTest, KeepsEveryValueThatSqlQueryReadsBack) {
  const std::string select =
      "SELECT * FROM (VALUES (true, 1::TINYINT, -9223372036854775808, 10.50::DECIMAL(9,2), "
      "0.1::DOUBLE, DATE '0044-03-15 (BC)', TIMESTAMP '2024-03-01 12:00:00.000001', TIMESTAMPTZ "
      "'2024-03-01 12:00:00+02', unhex('005CFF'), 'a' || chr(10) || '\\.' || chr(10) || '\\N' || "
      "chr(9) || '\"é' || chr(13), '8b6f8a52-0c6c-4b6d-9d9b-3a2d1f7f0c11'::UUID, [1, NULL], "
      "170141183460469231731687303715884105727::HUGEINT::VARCHAR), (NULL, NULL, NULL, NULL, 'nan', "
      "NULL, NULL, NULL, NULL, '', NULL, NULL, '\\N')) AS t(b, s, l, m, d, day, ts, tz, bytes, "
      "text, id, list, big)";
  const std::string input = put_table(ctx_, select);
  done(Json::object({{"input", input}, {"create", true}}));
  EXPECT_EQ(
      "boolean smallint bigint numeric(9,2) double precision date timestamp without time zone "
      "timestamp with time zone bytea text uuid jsonb text",
      ask("SELECT string_agg(format_type(atttypid, atttypmod), ' ' ORDER BY attnum) FROM "
          "pg_attribute WHERE attrelid = 'sales'::regclass AND attnum > 0"));
  EXPECT_EQ("a\n\\.\n\\N\t\"é\r", ask("SELECT text FROM sales WHERE b"));
  EXPECT_EQ("\\x005cff", ask("SELECT bytes FROM sales WHERE b"));
  EXPECT_EQ("[1, null]", ask("SELECT list FROM sales WHERE b"));
  EXPECT_EQ("t",
            ask("SELECT num_nulls(b, s, l, m, d, day, ts, tz, bytes, id, list) = 11 AND text = "
                "'' AND big = '\\N' FROM sales WHERE b IS NULL"));
  const Done back = expect_outcome<Done>(catalog_.run(
      "sql.query",
      Json::object({{"query",
                     "SELECT b, s, l, m, d, day, ts, tz, bytes, text, id FROM sales ORDER "
                     "BY b"},
                    {"connection_env", "EXPORT_TEST"}}),
      ctx_));
  const char* same =
      "SELECT b, s, l, m, d, day, ts, tz, hex(bytes) AS bytes, text, id FROM $table ORDER BY b";
  EXPECT_EQ(query_artifact(ctx_, back.outputs["table"], same).to_json().dump(),
            query_artifact(ctx_, input,
                           "SELECT b, s, l, m, CASE WHEN isnan(d) THEN NULL ELSE d END AS d, day, "
                           "ts, tz, hex(bytes) AS bytes, text, id FROM $table ORDER BY b")
                .to_json()
                .dump());
}

TEST_F(ExportPostgresTest, ARetryWritesNothingTwice) {
  ask("CREATE SCHEMA shop; CREATE TABLE shop.sales (id int, note text)");
  const Json with = Json::object({{"table", "shop.sales"}});
  EXPECT_EQ(Json(false), done(with).outputs["repeated"]);
  ctx_.info.attempt = 2;
  const Done again = done(with);
  EXPECT_EQ(Json(true), again.outputs["repeated"]);
  EXPECT_EQ(Json(2), again.outputs["rows"]);
  EXPECT_EQ("2", ask("SELECT count(*) FROM shop.sales"));
  EXPECT_EQ("run1/task1/-1 " + sales_ + " 2",
            ask("SELECT key || ' ' || artifact || ' ' || rows FROM shop.millrace_effects"));
  ctx_.info.run_id = "run2";
  done(with);
  EXPECT_EQ("4", ask("SELECT count(*) FROM shop.sales")) << "another run appends";
  Json other = with;
  other.set("input", more_);
  EXPECT_NE(std::string::npos,
            error(other).find("this task of this run has appended other rows already"));
}

TEST_F(ExportPostgresTest, TwoAttemptsAtTheSameTimeWriteOnce) {
  ask("CREATE TABLE sales (id int, note text)");
  const auto attempt = [&] {
    FakeContext ctx;
    const std::string input =
        put_table(ctx, "SELECT * FROM (VALUES (1, 'a'), (2, 'b')) AS t(id, note)");
    EXPECT_EQ(sales_, input);
    expect_outcome<Done>(catalog_.run("export.postgres", with_defaults(Json::object()), ctx));
  };
  std::thread one(attempt), two(attempt);
  one.join();
  two.join();
  EXPECT_EQ("1a 2b", ids());
}

TEST_F(ExportPostgresTest, AFailureLeavesTheTableAsItWas) {
  ask("CREATE TABLE sales (id int CHECK (id < 2), note text)");
  const auto refused = run(Json::object());
  ASSERT_FALSE(refused);
  EXPECT_EQ(ErrorCode::data_invalid, refused.error().code);
  EXPECT_EQ("0", ask("SELECT count(*) FROM sales"));
  EXPECT_EQ("", ask("SELECT to_regclass('millrace_effects')")) << "its table is of the transaction";
  ask("ALTER TABLE sales DROP CONSTRAINT sales_id_check");
  done(Json::object());
  EXPECT_EQ("1a 2b", ids());
}

TEST_F(ExportPostgresTest, ReplacesAllRows) {
  done(Json::object({{"create", true}}));
  ctx_.info.run_id = "run2";
  done(Json::object({{"input", more_}, {"mode", "replace"}}));
  EXPECT_EQ("2c 3d", ids());
  // The task again, with other rows.
  done(Json::object({{"mode", "replace"}}));
  EXPECT_EQ("1a 2b", ids());
  EXPECT_EQ("2", ask("SELECT count(*) FROM millrace_effects"));
}

TEST_F(ExportPostgresTest, UpsertsByKeys) {
  const Json keys = Json::array({"id"});
  done(Json::object({{"create", true}, {"keys", keys}}));
  ctx_.info.run_id = "run2";
  const Json upsert = Json::object({{"input", more_}, {"mode", "upsert"}, {"keys", keys}});
  done(upsert);
  EXPECT_EQ("1a 2c 3d", ids());
  ctx_.info.run_id = "run3";
  Json twice = upsert;
  twice.set("input", put_table(ctx_, "SELECT 1 AS id, 'x' AS note FROM range(2)"));
  EXPECT_EQ(
      "PostgreSQL: ON CONFLICT DO UPDATE command cannot affect row a second time; Ensure that "
      "no rows proposed for insertion within the same command have duplicate constrained "
      "values.",
      error(twice));
  Json unknown = upsert;
  unknown.set("keys", Json::array({"note"}));
  EXPECT_EQ(
      "PostgreSQL: there is no unique or exclusion constraint matching the ON CONFLICT "
      "specification",
      error(unknown));
  EXPECT_EQ("1a 2c 3d", ids());
}

// `mode: replace` would delete all rows of a table of the engine.
TEST_F(ExportPostgresTest, TablesOfMillraceAreRefused) {
  ask("CREATE SCHEMA millrace; CREATE TABLE millrace.journal (n int); "
      "CREATE TABLE millrace.prediction (id int, note text)");
  ask("INSERT INTO millrace.prediction VALUES (7, 'kept')");
  const std::string refused = "would be in the schema millrace, which holds Millrace's own tables";
  for (const bool create : {false, true})
    EXPECT_NE(error(Json::object({{"table", "millrace.prediction"}, {"create", create}}))
                  .find(refused + "; name another schema, such as public.prediction"),
              std::string::npos);
  // The private cluster's user once had this search path.
  ask("ALTER ROLE CURRENT_USER SET search_path = millrace, public");
  EXPECT_NE(error(Json::object({{"table", "prediction"}, {"mode", "replace"}})).find(refused),
            std::string::npos);
  EXPECT_NE(error(Json::object({{"table", "fresh"}, {"create", true}})).find(refused),
            std::string::npos);
  done(Json::object({{"table", "public.prediction"}, {"create", true}}));
  ask("ALTER ROLE CURRENT_USER RESET search_path");
  EXPECT_EQ("kept", ask("SELECT string_agg(note, ' ') FROM millrace.prediction"));
  EXPECT_EQ("2", ask("SELECT count(*) FROM public.prediction"));
}

TEST_F(ExportPostgresTest, ErrorsSayWhatWouldBeRight) {
  EXPECT_EQ("PostgreSQL: relation \"sales\" does not exist", error(Json::object()));
  EXPECT_EQ("table: 'a.b.c' is no name of a table; write table or schema.table",
            error(Json::object({{"table", "a.b.c"}})));
  EXPECT_EQ("mode upsert needs keys, the columns that name a row",
            error(Json::object({{"mode", "upsert"}})));
  EXPECT_EQ("keys: the exported columns have no 'ix'; did you mean 'id'?; they are id, note",
            error(Json::object({{"mode", "upsert"}, {"keys", Json::array({"ix"})}})));
  ask("CREATE TABLE sales (id int, note int)");
  EXPECT_EQ(
      "PostgreSQL: invalid input syntax for type integer: \"a\" (COPY sales, line 1, column "
      "note: \"a\")",
      error(Json::object()));
  // A name is a name, whatever it holds.
  EXPECT_EQ("PostgreSQL: relation \"x\"; DROP TABLE sales; --\" does not exist",
            error(Json::object({{"table", "x\"; DROP TABLE sales; --"}})));
}

TEST_F(ExportPostgresTest, EndsInTheDatabaseWhenTheTaskIsCancelled) {
  ask("CREATE TABLE sales (id int, note text)");
  const std::string waiting =
      "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND "
      "wait_event_type = 'Lock'";
  std::atomic<bool> stop = false;
  ctx_.stop = [&] { return stop.load(); };
  Result<Outcome> outcome = internal_error("");
  const Status held = database_->run<void>([&](pg::Session& session) -> Status {
    session.exec_script("BEGIN; LOCK TABLE sales");
    std::thread task([&] { outcome = run(Json::object()); });
    while (ask(waiting) == "0") {
    }
    stop = true;
    task.join();
    while (ask(waiting) != "0") {
    }
    session.exec_script("COMMIT");
    return {};
  });
  EXPECT_TRUE(held);
  ASSERT_FALSE(outcome);
  EXPECT_EQ(ErrorCode::cancelled, outcome.error().code);
  EXPECT_EQ("0", ask("SELECT count(*) FROM sales"));
}

}  // namespace
}  // namespace millrace
