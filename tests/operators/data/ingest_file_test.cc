#include "operators/data/ingest_file.h"

#include <gtest/gtest.h>

#include <chrono>

#include "engine/op/catalog.h"
#include "tests/operators/read_artifact.h"

namespace millrace {
namespace {

const std::string kData = std::string(MILLRACE_SOURCE_DIR) + "/node_modules/vega-datasets/data/";

class IngestFileTest : public ::testing::Test {
 protected:
  Result<Outcome> run(Json with) {
    return Catalog::of<IngestFile>().run("ingest.file", with, ctx_);
  }
  Done done(Json with) { return expect_outcome<Done>(run(std::move(with))); }
  Error error(Json with) {
    auto outcome = run(std::move(with));
    if (outcome.ok()) {
      ADD_FAILURE() << "no error: " << outcome_text(outcome);
      return {};
    }
    return outcome.error();
  }
  static Time at(std::string_view text) { return *parse_rfc3339(text); }
  FakeContext ctx_;
};

TEST_F(IngestFileTest, MakesOneTableOfManyFiles) {
  ctx_.write("in/b.csv", "id,amount\n3,1.5\n");
  ctx_.write("in/a.csv", "amount,id\n2.5,1\n,2\n");
  const Done made =
      done(Json::object({{"path", "in/*.csv"}, {"columns", Json::array({"id", "amount"})}}));
  EXPECT_EQ(rows_of(ctx_, made.outputs["table"]),
            R"([{"id":1,"amount":2.5},{"id":2,"amount":null},{"id":3,"amount":1.5}])");
  EXPECT_EQ(made.outputs["rows"].as_int(), 3);
  EXPECT_EQ(made.outputs["columns"].dump(), R"(["id","amount"])");
  EXPECT_EQ(made.outputs["files"].dump(), R"(["a.csv","b.csv"])");
  EXPECT_EQ(made.outputs["statistics"]["amount"]["nulls"].as_int(), 1);
  EXPECT_EQ(made.outputs["statistics"]["amount"]["mean"].as_double(), 2);
  const auto published = effects_of<PublishArtifact>(made.effects);
  ASSERT_EQ(published.size(), 1u);
  EXPECT_EQ(published[0].digest, made.outputs["table"].as_string());
  EXPECT_EQ(published[0].artifact_kind, "table");
  EXPECT_EQ(published[0].rows, 3);
  EXPECT_EQ(published[0].schema.at(1)["name"].as_view(), "amount");
}

TEST_F(IngestFileTest, IsTheSameArtifactWhenRepeated) {
  const Json with = Json::object({{"path", kData + "birdstrikes.csv"}});
  EXPECT_EQ(done(with).outputs["table"], done(with).outputs["table"]);
}

TEST_F(IngestFileTest, FiltersRealFlightsToTheDataInterval) {
  ctx_.info.has_interval = true;
  ctx_.info.data_interval_start = at("2001-02-01");
  ctx_.info.data_interval_end = at("2001-03-01");
  const Done made = done(Json::object({{"path", kData + "flights-3m.parquet"},
                                       {"time_column", "date"},
                                       {"where", "origin <> destination"},
                                       {"dataset", "flights"}}));
  const auto table = query_artifact(
      ctx_, made.outputs["table"],
      "SELECT min(date) AS low, max(date) AS high, avg((delay > 15)::INT) AS late FROM $table");
  EXPECT_EQ(table.at(0, "low").as_view().substr(0, 10), "2001-02-01");
  EXPECT_EQ(table.at(0, "high").as_view().substr(0, 10), "2001-02-28");
  // The share of delayed flights of February 2001, of the reference set's description.
  EXPECT_NEAR(table.at(0, "late").as_double(), 0.233, 0.001);
  const auto updated = effects_of<UpdateDataset>(made.effects);
  ASSERT_EQ(updated.size(), 1u);
  EXPECT_EQ(updated[0].dataset, "flights");
  EXPECT_EQ(updated[0].artifact, made.outputs["table"].as_string());
  EXPECT_EQ(updated[0].rows, made.outputs["rows"].as_int());
}

TEST_F(IngestFileTest, FiltersToAGivenRangeOfTextDates) {
  ctx_.write("d.csv", "day,n\n2001-01-31,1\n2001-02-01,2\n2001-02-28,3\n2001-03-01,4\n");
  const Done made = done(Json::object({{"path", "d.csv"},
                                       {"time_column", "day"},
                                       {"from", "2001-02-01"},
                                       {"to", "2001-03-01"},
                                       {"types", Json::object({{"day", "VARCHAR"}})}}));
  EXPECT_EQ(rows_of(ctx_, made.outputs["table"]),
            R"([{"day":"2001-02-01","n":2},{"day":"2001-02-28","n":3}])");
}

TEST_F(IngestFileTest, SetsTheWatermarkToTheLargestValueOfAColumnExactly) {
  // 2^53 + 1, and a microsecond: what a double would lose.
  ctx_.write("o.csv",
             "id,at,price,day,word,share\n"
             "9007199254740993,2001-02-03 04:05:06.000007,12345678901234567.89,2001-02-03,b,0.1\n"
             "9007199254740992,2001-02-03 04:05:06,0.01,2001-02-02,a,0.05\n"
             ",,,,,\n");
  const auto set = [&](std::string_view column) {
    const Done made = done(
        Json::object({{"path", "o.csv"},
                      {"dataset", "orders"},
                      {"watermark", column},
                      {"types", Json::object({{"at", "TIMESTAMP"}, {"price", "DECIMAL(20,2)"}})}}));
    const auto marks = effects_of<SetWatermark>(made.effects);
    EXPECT_EQ(marks.size(), 1u) << column;
    if (marks.size() != 1) return std::string();
    EXPECT_EQ(marks[0].dataset, "orders");
    EXPECT_EQ(made.outputs["watermark"], marks[0].value);
    return marks[0].value.dump();
  };
  EXPECT_EQ(set("id"), "9007199254740993");
  EXPECT_EQ(set("at"), R"("2001-02-03 04:05:06.000007")");
  EXPECT_EQ(set("price"), R"("12345678901234567.89")");
  EXPECT_EQ(set("day"), R"("2001-02-03")");
  EXPECT_EQ(set("word"), R"("b")");
  EXPECT_EQ(set("share"), R"("0.10")");  // DECIMAL(3,2)
}

TEST_F(IngestFileTest, LeavesTheWatermarkWhereNoRowHasAValueAndRefusesAWrongColumn) {
  ctx_.write("o.csv", "id,n,flag\n1,,true\n");
  const auto with = [](std::string_view column) {
    return Json::object({{"path", "o.csv"}, {"dataset", "orders"}, {"watermark", column}});
  };
  const Done none = done(with("n"));
  EXPECT_TRUE(effects_of<SetWatermark>(none.effects).empty());
  EXPECT_TRUE(none.outputs["watermark"].is_null());
  Json empty = with("id");
  empty.set("where", "id > 1").set("allow_empty", true);
  EXPECT_TRUE(effects_of<SetWatermark>(done(empty).effects).empty());
  EXPECT_NE(error(with("ib")).message.find("no column 'ib'"), std::string::npos);
  EXPECT_NE(error(with("flag")).message.find("is of type BOOLEAN"), std::string::npos);
  EXPECT_NE(
      error(Json::object({{"path", "o.csv"}, {"watermark", "id"}})).message.find("needs dataset"),
      std::string::npos);
}

TEST_F(IngestFileTest, CastsWhatIsTyped) {
  ctx_.write("a.jsonl", "{\"a\":\"1\",\"b\":2}\n{\"a\":\"3\",\"b\":4}\n");
  const Done made =
      done(Json::object({{"path", "a.jsonl"}, {"types", Json::object({{"a", "BIGINT"}})}}));
  EXPECT_EQ(rows_of(ctx_, made.outputs["table"]), R"([{"a":1,"b":2},{"a":3,"b":4}])");
}

TEST_F(IngestFileTest, SaysWhatIsWrongWithTheRequest) {
  ctx_.write("a.csv", "id,amount\n1,2\n");
  ctx_.write("b.jsonl", "{\"id\":1}\n");
  const auto message = [&](Json with) { return error(std::move(with)).message; };
  EXPECT_EQ(error(Json::object({{"path", "nosuch-*.csv"}})).code, ErrorCode::not_found);
  EXPECT_FALSE(error(Json::object({{"path", "nosuch-*.csv"}})).transient());
  EXPECT_NE(message(Json::object({{"path", "../base/a.csv/../../x"}})).find("leaves"),
            std::string::npos);
  EXPECT_NE(message(Json::object({{"path", "?.*"}})).find("one path reads one format"),
            std::string::npos);
  EXPECT_NE(message(Json::object({{"path", "a.csv"}, {"columns", Json::array({"amuont"})}}))
                .find("did you mean 'amount'?"),
            std::string::npos);
  EXPECT_NE(
      message(Json::object({{"path", "a.csv"}, {"time_column", "id"}})).find("no data interval"),
      std::string::npos);
  EXPECT_NE(
      message(Json::object({{"path", "a.csv"}, {"from", "2001-01-01"}})).find("need time_column"),
      std::string::npos);
  EXPECT_NE(
      message(Json::object({{"path", "a.csv"}, {"time_column", "id"}, {"from", "2001-01-01"}}))
          .find("type BIGINT"),
      std::string::npos);
  EXPECT_NE(message(Json::object({{"path", "a.csv"}, {"where", "amount > 1) OR (true"}}))
                .find("not one SQL expression"),
            std::string::npos);
  const std::string unknown = message(Json::object({{"path", "a.csv"}, {"where", "amuont > 1"}}));
  EXPECT_TRUE(
      unknown.starts_with("where 'amuont > 1': there is no column 'amuont'; did you mean "
                          "'amount'?"))
      << unknown;
  EXPECT_EQ(error(Json::object(
                      {{"path", "b.jsonl"}, {"types", Json::object({{"id", "INT) FROM x; --"}})}}))
                .code,
            ErrorCode::invalid_argument);
  EXPECT_FALSE(run(Json::object({{"path", "a.csv"},
                                 {"where", "(SELECT count(*) FROM read_text('/etc/passwd')) > 0"}}))
                   .ok());
}

// What validate advises for a column that ingest took for another type.
TEST_F(IngestFileTest, ADeclaredTypeReadsDigitsAsTextAndWholeNumbersAsIntegers) {
  ctx_.write("c.csv", "id,tenure\n12345678901234567890,12.0\n02345678901234567891,-0\n");
  const Json types = Json::object({{"id", "VARCHAR"}, {"tenure", "BIGINT"}});
  const Done done = expect_outcome<Done>(run(Json::object({{"path", "c.csv"}, {"types", types}})));
  EXPECT_EQ(query_artifact(ctx_, done.outputs["table"],
                           "SELECT id, tenure, typeof(id) AS a, typeof(tenure) AS b FROM $table")
                .to_json()
                .dump(),
            R"([{"id":"12345678901234567890","tenure":12,"a":"VARCHAR","b":"BIGINT"},)"
            R"({"id":"02345678901234567891","tenure":0,"a":"VARCHAR","b":"BIGINT"}])");
}

TEST_F(IngestFileTest, RefusesTooMuchAndNothing) {
  ctx_.write("a.csv", "id\n1\n2\n3\n");
  EXPECT_EQ(error(Json::object({{"path", "a.csv"}, {"max_rows", 2}})).code,
            ErrorCode::resource_exhausted);
  EXPECT_EQ(done(Json::object({{"path", "a.csv"}, {"max_rows", 3}})).outputs["rows"].as_int(), 3);
  EXPECT_EQ(error(Json::object({{"path", "a.csv"}, {"max_bytes", 8}})).code,
            ErrorCode::resource_exhausted);
  const Json none = Json::object({{"path", "a.csv"}, {"where", "id > 5"}});
  EXPECT_EQ(error(none).code, ErrorCode::data_invalid);
  Json allowed = none;
  allowed.set("allow_empty", true);
  EXPECT_EQ(done(allowed).outputs["rows"].as_int(), 0);
}

TEST_F(IngestFileTest, NamesFileLineAndValueOfBadData) {
  ctx_.write("sales.csv", "id,amount\n1,2.5\n2,oops\n");
  const Error bad =
      error(Json::object({{"path", "sales.csv"}, {"types", Json::object({{"amount", "DOUBLE"}})}}));
  EXPECT_EQ(bad.code, ErrorCode::data_invalid);
  EXPECT_EQ(bad.message,
            "sales.csv:3: column 'amount': 'oops' is not a DOUBLE; correct it, or set bad_rows to "
            "quarantine or count");
  EXPECT_FALSE(bad.transient());
}

// 66 bytes held a runner for more than 30 s: the cost of a nested column doubled with each level.
TEST_F(IngestFileTest, RefusesDeepNestingAtOnce) {
  ctx_.write("a.json", "{\"a\":" + std::string(30, '[') + "1" + std::string(30, ']') + "}");
  ctx_.write("b.jsonl", "{\"a\":" + std::string(10'000, '[') + std::string(10'000, ']') + "}\n");
  for (const char* file : {"a.json", "b.jsonl"}) {
    const auto begin = std::chrono::steady_clock::now();
    const Error deep = error(Json::object({{"path", file}}));
    EXPECT_EQ(deep.code, ErrorCode::data_invalid) << deep.message;
    EXPECT_NE(deep.message.find("nested more than 16 levels deep"), std::string::npos)
        << deep.message;
    EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(5));
  }
  const std::string lists = std::string(26, '[') + "1" + std::string(26, ']');
  auto session = data::Session::open({.folders = {ctx_.base()}});
  ASSERT_TRUE(session->write_parquet("SELECT " + lists + " AS a", ctx_.base() / "c.parquet").ok());
  EXPECT_EQ(error(Json::object({{"path", "c.parquet"}})).code, ErrorCode::data_invalid);
}

TEST_F(IngestFileTest, TakesHugeNumbersAndLongTexts) {
  // The deviation of 1e154 and 2e154 by R: 7.071068e+153. The texts alone are 12 MB.
  const std::string text(4 << 20, 'x');
  ctx_.write("a.jsonl", "{\"v\":1e154,\"t\":\"" + text + "a\"}\n{\"v\":2e154,\"t\":\"" + text +
                            "b\"}\n{\"v\":null,\"t\":\"" + text + "c\"}\n");
  const Done made = done(Json::object({{"path", "a.jsonl"}}));
  const auto published = effects_of<PublishArtifact>(made.effects);
  ASSERT_EQ(published.size(), 1u);
  EXPECT_LT(published[0].schema.dump().size(), 10'000u);
  EXPECT_LT(made.outputs.dump().size(), 10'000u);
  EXPECT_NEAR(published[0].schema.at(0)["stddev"].as_double() / 7.0710678118654757e153, 1, 1e-12);
}

TEST_F(IngestFileTest, KeepsKeysBeyond64Bits) {
  ctx_.write("a.csv", "user,n\n12345678901234567890,1\n12345678901234567891,2\n");
  const Done made = done(Json::object({{"path", "a.csv"}}));
  const auto table = query_artifact(
      ctx_, made.outputs["table"],
      "SELECT count(DISTINCT user) AS users, max(user)::VARCHAR AS last FROM $table");
  EXPECT_EQ(table.at(0, "users").as_int(), 2);
  EXPECT_EQ(table.at(0, "last").as_view(), "12345678901234567891");
}

TEST_F(IngestFileTest, FiltersJsonByTheInstantOfAnOffset) {
  // 23:30 at -05:00 is in the second of January in UTC (RFC 3339, section 5.8).
  ctx_.write("a.jsonl",
             "{\"t\":\"2024-01-01T23:30:00-05:00\"}\n{\"t\":\"2024-01-01T12:00:00Z\"}\n");
  ctx_.write("a.csv", "t\n2024-01-01T23:30:00-05:00\n2024-01-01T12:00:00Z\n");
  for (const char* path : {"a.jsonl", "a.csv"})
    for (const char* type : {"timestamp", "VARCHAR"}) {
      const Done made = done(Json::object({{"path", path},
                                           {"time_column", "t"},
                                           {"types", Json::object({{"t", type}})},
                                           {"from", "2024-01-02"},
                                           {"to", "2024-01-03"}}));
      EXPECT_EQ(made.outputs["rows"].as_int(), 1) << path << " " << type;
    }
}

TEST_F(IngestFileTest, TakesTypesFromTheContract) {
  ctx_.write("a.csv", "id,amount\n1,\n2,\n");
  ctx_.write("c.yaml",
             "columns:\n  amount: {type: integer}\n  other: {type: string, required: false}\n");
  const Done made = done(Json::object({{"path", "a.csv"}, {"contract", "c.yaml"}}));
  EXPECT_EQ(effects_of<PublishArtifact>(made.effects)[0].schema.at(1)["type"].as_view(), "BIGINT");
}

TEST_F(IngestFileTest, PublishesAndCountsBadRows) {
  ctx_.write("a.csv", "id,n\n1,2\n2\n3,4\n");
  const Json with =
      Json::object({{"path", "a.csv"}, {"bad_rows", "quarantine"}, {"max_bad_share", 0.5}});
  const Done made = done(with);
  EXPECT_EQ(made.outputs["rows"].as_int(), 2);
  EXPECT_EQ(made.outputs["bad_rows"].as_int(), 1);
  EXPECT_EQ(rows_of(ctx_, made.outputs["quarantine"]),
            R"([{"file":"a.csv","line":3,"reason":"1 field where the header has 2","text":"2"}])");
  EXPECT_EQ(effects_of<PublishArtifact>(made.effects).size(), 2u);
  Json strict = with;
  strict.set("max_bad_share", 0.2);
  EXPECT_NE(error(strict).message.find("1 of 3 rows is bad; the first: a.csv:3"),
            std::string::npos);
}

TEST_F(IngestFileTest, MakesNanNullInEveryFormat) {
  auto session = data::Session::open({.folders = {ctx_.base()}});
  ASSERT_TRUE(session->write_parquet("SELECT * FROM (VALUES (1, 'nan'::DOUBLE), (2, 0.5)) t(id, v)",
                                     ctx_.base() / "a.parquet"));
  ctx_.write("a.csv", "id,v\n1,nan\n2,5e-1\n");
  ctx_.write("a.jsonl", "{\"id\":1,\"v\":NaN}\n{\"id\":2,\"v\":5e-1}\n");
  for (const char* path : {"a.parquet", "a.csv", "a.jsonl"}) {
    const Json with = Json::object({{"path", path}, {"where", "v > 0 OR v IS NULL"}});
    const Done made = done(with);
    EXPECT_EQ(rows_of(ctx_, made.outputs["table"]), R"([{"id":1,"v":null},{"id":2,"v":0.5}])");
    EXPECT_EQ(made.outputs["nans"].dump(), R"({"v":1})");
    Json refuse = with;
    refuse.set("nan", "refuse");
    EXPECT_EQ(error(refuse).code, ErrorCode::data_invalid) << path;
  }
}

// A column that repeats one value takes some kilobytes in a file, whatever its values take.
TEST_F(IngestFileTest, CountsWhatTheValuesOfParquetTake) {
  auto session = data::Session::open({.folders = {ctx_.base()}});
  ASSERT_TRUE(session.ok());
  const auto write = [&](const char* name, const std::string& select) {
    ASSERT_TRUE(session->write_parquet(select, ctx_.base() / name));
  };
  write("texts.parquet", "SELECT repeat('x', 1000) AS v, i AS id FROM range(20000) t(i)");
  write("numbers.parquet", "SELECT 7::BIGINT AS v FROM range(2000000)");
  for (const char* path : {"texts.parquet", "numbers.parquet"}) {
    ASSERT_LT(std::filesystem::file_size(ctx_.base() / path), 500'000u);
    const Error refused = error(Json::object({{"path", path}, {"max_bytes", 10'000'000}}));
    EXPECT_EQ(refused.code, ErrorCode::resource_exhausted);
    EXPECT_NE(refused.message.find("bytes; max_bytes is 10000000"), std::string::npos)
        << refused.message;
  }
  done(Json::object({{"path", "texts.parquet"}, {"max_bytes", 25'000'000}}));
}

TEST_F(IngestFileTest, NamesTheFirstFilesAndCountsAll) {
  for (int i = 0; i < 120; ++i) ctx_.write("p" + std::to_string(i) + ".csv", "id\n1\n");
  const Done made = done(Json::object({{"path", "p*.csv"}}));
  EXPECT_EQ(made.outputs["rows"].as_int(), 120);
  EXPECT_EQ(made.outputs["file_count"].as_int(), 120);
  EXPECT_EQ(made.outputs["files"].size(), 100u);
}

TEST_F(IngestFileTest, RefusesParquetFilesOfTooManySchemas) {
  auto session = data::Session::open({.folders = {ctx_.base()}});
  ASSERT_TRUE(session.ok());
  for (int i = 0; i < 201; ++i)
    ASSERT_TRUE(session->execute("COPY (SELECT 1 AS c" + std::to_string(i) + ") TO '" +
                                 (ctx_.base() / ("s" + std::to_string(i) + ".parquet")).string() +
                                 "' (FORMAT parquet)"));
  const Error refused = error(Json::object({{"path", "s*.parquet"}, {"union_by_name", true}}));
  EXPECT_NE(refused.message.find("more than 200 different schemas"), std::string::npos)
      << refused.message;
}

TEST_F(IngestFileTest, ParquetFilesOfOneTableMustAgree) {
  auto session = data::Session::open({.folders = {ctx_.base()}});
  const auto write = [&](const char* name, const char* select) {
    ASSERT_TRUE(session->write_parquet(select, ctx_.base() / name));
  };
  write("1.parquet", "SELECT 1::INTEGER AS id, ['a'] AS l");
  write("2.parquet", "SELECT ['b'] AS l, 5000000000 AS id");
  EXPECT_EQ(done(Json::object({{"path", "?.parquet"}, {"columns", Json::array({"id"})}}))
                .outputs["rows"]
                .as_int(),
            2);
  write("2.parquet", "SELECT 1.5::DOUBLE AS id, ['b'] AS l");
  EXPECT_NE(error(Json::object({{"path", "?.parquet"}})).message.find("is INTEGER in 1.parquet"),
            std::string::npos);
  write("2.parquet", "SELECT 2 AS id");
  EXPECT_NE(error(Json::object({{"path", "?.parquet"}})).message.find("has no column 'l'"),
            std::string::npos);
  const Done united = done(
      Json::object({{"path", "?.parquet"}, {"union_by_name", true}, {"source_column", "file"}}));
  EXPECT_EQ(rows_of(ctx_, united.outputs["table"]),
            R"([{"id":1,"l":["a"],"file":"1.parquet"},{"id":2,"l":null,"file":"2.parquet"}])");
}

TEST_F(IngestFileTest, RefusesACastThatChangesValues) {
  auto session = data::Session::open({.folders = {ctx_.base()}});
  ASSERT_TRUE(session->write_parquet("SELECT * FROM (VALUES (1.0::DOUBLE), (3.7)) t(v)",
                                     ctx_.base() / "a.parquet"));
  const Json with =
      Json::object({{"path", "a.parquet"}, {"types", Json::object({{"v", "BIGINT"}})}});
  EXPECT_EQ(error(with).message,
            "a.parquet: column 'v': '3.7' is not a BIGINT; declare a type that holds it");
  Json fine = with;
  fine.set("types", Json::object({{"v", "FLOAT"}}));
  EXPECT_NE(error(fine).message.find("'3.7' is not a FLOAT"), std::string::npos);
}

TEST_F(IngestFileTest, NamesTheSourceOfEachRow) {
  ctx_.write("in/1/a.csv", "id\n1\n");
  ctx_.write("in/2/a.csv", "id\n2\n");
  const Done made = done(Json::object({{"path", "in/*/a.csv"}, {"source_column", "file"}}));
  EXPECT_EQ(rows_of(ctx_, made.outputs["table"]),
            R"([{"id":1,"file":"in/1/a.csv"},{"id":2,"file":"in/2/a.csv"}])");
}

TEST_F(IngestFileTest, RefusesNonsenseInOptions) {
  ctx_.write("a.csv", "id\n1\n");
  const auto code = [&](const char* option, Json value) {
    return error(Json::object({{"path", "a.csv"}, {option, std::move(value)}})).code;
  };
  for (const char* option :
       {"delimiter", "quote", "escape", "comment", "decimal_separator", "thousands_separator"})
    EXPECT_EQ(code(option, "ab"), ErrorCode::invalid_argument) << option;
  EXPECT_EQ(code("delimiter", "\""), ErrorCode::invalid_argument);
  EXPECT_EQ(code("thousands_separator", "."), ErrorCode::invalid_argument);
  EXPECT_EQ(code("date_format", "%q"), ErrorCode::invalid_argument);
  EXPECT_EQ(code("date_format", "%d"), ErrorCode::invalid_argument);
  EXPECT_EQ(code("source_column", "ID"), ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace millrace
