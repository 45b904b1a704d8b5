#include "engine/data/session.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "engine/base/digest.h"
#include "engine/data/sql.h"
#include "tests/base/temp_folder.h"

namespace millrace::data {
namespace {

const std::filesystem::path kFlights = std::filesystem::path(MILLRACE_SOURCE_DIR) /
                                       "node_modules/vega-datasets/data/flights-3m.parquet";

Session open(SessionOptions options = {}) {
  auto session = Session::open(std::move(options));
  EXPECT_TRUE(session.ok()) << session.error().message;
  return *std::move(session);
}

TEST(Session, AnswersWithTypedCells) {
  Session session = open();
  const auto table = session.query(
      "SELECT 1::TINYINT a, 2.5::DECIMAL(9,2) b, 'x' c, true d, NULL e, [1, 2] f, {'k': 'v'} g,"
      " TIMESTAMP '2001-02-03 04:05:06' h, DATE '2001-02-03' i, 'nan'::DOUBLE j,"
      " 9223372036854775807::HUGEINT k, 'on'::ENUM('off', 'on') l");
  ASSERT_TRUE(table.ok()) << table.error().message;
  EXPECT_EQ(table->row(0).dump(),
            R"({"a":1,"b":2.5,"c":"x","d":true,"e":null,"f":[1,2],"g":{"k":"v"},)"
            R"("h":"2001-02-03T04:05:06Z","i":"2001-02-03","j":null,"k":9223372036854775807,)"
            R"("l":"on"})");
  EXPECT_EQ(table->columns[1].type, "DECIMAL(9,2)");
}

TEST(Session, BindsParametersSoThatTextStaysText) {
  Session session = open();
  const auto table = session.query("SELECT ? AS a, ? AS b, ? AS c, ? AS d",
                                   {Json("'; DROP TABLE t; --"), Json(1), Json(0.1), Json()});
  ASSERT_TRUE(table.ok()) << table.error().message;
  EXPECT_EQ(table->at(0, "a").as_view(), "'; DROP TABLE t; --");
  EXPECT_EQ(table->at(0, "c").as_double(), 0.1);
  EXPECT_FALSE(session.query("SELECT ?", {}).ok());
  EXPECT_FALSE(session.execute("SELECT 1; SELECT 2").ok());
  EXPECT_FALSE(session.execute(std::string_view("SELECT 1\0", 9)).ok());
}

TEST(Session, FetchesColumnsInBulk) {
  Session session = open();
  const auto columns = session.fetch(
      "SELECT CASE WHEN i % 3 <> 0 THEN i END::INTEGER AS n, i % 2 = 0 AS even,"
      " CASE WHEN i <> 1 THEN 'k' || (i % 2) END AS key, to_timestamp(i) AS at,"
      " (i / 4)::DECIMAL(10,2) AS part, DATE '1970-01-02' AS day"
      " FROM range(5000) t(i) ORDER BY i");
  ASSERT_TRUE(columns.ok()) << columns.error().message;
  const auto& [n, even, key, at, part, day] = std::tie((*columns)[0], (*columns)[1], (*columns)[2],
                                                       (*columns)[3], (*columns)[4], (*columns)[5]);
  ASSERT_EQ(n.rows(), 5000u);
  EXPECT_TRUE(std::isnan(n.numbers[4998]));
  EXPECT_EQ(n.numbers[4999], 4999);
  EXPECT_EQ(even.numbers[2], 1);
  EXPECT_EQ(key.dictionary, (std::vector<std::string>{"k0", "k1"}));
  EXPECT_EQ(key.codes[1], kNullCode);
  EXPECT_EQ(key.codes[3], 1u);
  EXPECT_EQ(at.micros[4999], 4'999'000'000);
  EXPECT_EQ(part.numbers[3], 0.75);
  EXPECT_EQ(day.micros[0], 86'400'000'000);
  EXPECT_FALSE(session.fetch("SELECT [1, 2] AS list").ok());
}

TEST(Session, TakesColumnsBackAsATable) {
  Session session = open();
  std::vector<double> numbers(5000);
  for (std::size_t i = 0; i < numbers.size(); ++i) numbers[i] = static_cast<double>(i);
  numbers[3] = std::numeric_limits<double>::quiet_NaN();
  std::vector<std::int64_t> micros(5000, 1'000'000);
  micros[0] = kNullMicros;
  ASSERT_TRUE(session.create_table(
      "my table", {ColumnData::of_numbers("n", numbers), ColumnData::of_micros("t", micros),
                   ColumnData::of_texts("s", std::vector<std::string>(5000, "long enough text"))}));
  const auto sums = session.query(
      "SELECT sum(n) AS n, count(n) AS nn, count(t) AS t, min(s) AS s, last(n) AS l"
      " FROM \"my table\"");
  ASSERT_TRUE(sums.ok()) << sums.error().message;
  EXPECT_EQ(sums->row(0).dump(),
            R"({"n":12497497.0,"nn":4999,"t":4999,"s":"long enough text","l":4999.0})");
  EXPECT_FALSE(session.create_table(
      "uneven", {ColumnData::of_numbers("a", {1}), ColumnData::of_numbers("b", {1, 2})}));
}

TEST(Session, IsShutOffFromFilesAndSettings) {
  const TempFolder folder;
  const auto given = folder.write("given.csv", "a\n1\n");
  const auto other = folder.write("other.csv", "a\n1\n");
  Session session = open({.files = {given}});
  EXPECT_TRUE(session.query("FROM read_csv(" + quote_literal(given.string()) + ")").ok());
  for (const std::string& sql :
       {"FROM read_csv(" + quote_literal(other.string()) + ")",
        std::string("FROM read_text('/etc/passwd')"),
        "COPY (SELECT 1) TO " + quote_literal((folder.path() / "new.csv").string()),
        std::string("SET threads = 1"), std::string("SET enable_external_access = true"),
        std::string("INSTALL httpfs"), std::string("LOAD httpfs"),
        std::string("ATTACH '/tmp/x.db'"), std::string("FROM read_csv('http://127.0.0.1:1/x')")})
    EXPECT_FALSE(session.execute(sql).ok()) << sql;
  EXPECT_EQ(session.execute("FROM read_text('/etc/passwd')").error().code,
            ErrorCode::permission_denied);
}

TEST(Session, KeepsItsMemoryLimit) {
  Session session = open({.memory_limit_bytes = 64u << 20});
  const auto big = session.query(
      "SELECT count(*) FROM (SELECT DISTINCT i, i::VARCHAR || repeat('x', 40)"
      " FROM range(20000000) t(i))");
  ASSERT_FALSE(big.ok());
  EXPECT_EQ(big.error().code, ErrorCode::resource_exhausted) << big.error().message;
}

TEST(Session, SpillsWhereItMay) {
  const TempFolder folder;
  Session session = open({.temp_dir = folder.path() / "spill", .memory_limit_bytes = 48u << 20});
  const auto sorted = session.query(
      "SELECT max(s) AS s FROM (SELECT md5(i::VARCHAR) AS s, i FROM range(700000) t(i)"
      " ORDER BY s OFFSET 1)");
  ASSERT_TRUE(sorted.ok()) << sorted.error().message;
}

TEST(Session, StopsWhenAsked) {
  int asked = 0;
  Session session = open({.cancelled = [&] { return ++asked > 20; }});
  const auto answer =
      session.query("SELECT sum(a.i * b.i) FROM range(1000000) a(i), range(1000000) b(i)");
  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code, ErrorCode::cancelled);
  asked = -1000;
  EXPECT_TRUE(session.query("SELECT 1").ok()) << "the session lives on";
}

TEST(Session, WritesTheSameBytesForTheSameRowsWithAnyNumberOfThreads) {
  const TempFolder folder;
  std::string digest;
  for (const int threads : {1, 2, 3, 7}) {
    const auto file = folder.path() / (std::to_string(threads) + ".parquet");
    Session session = open({.files = {kFlights}, .folders = {folder.path()}, .threads = threads});
    ASSERT_TRUE(session.write_parquet("SELECT *, delay * 0.1 AS d FROM read_parquet(" +
                                          quote_literal(kFlights.string()) + ") WHERE delay > 15",
                                      file));
    const auto made = sha256_file(file);
    ASSERT_TRUE(made.ok());
    if (digest.empty()) digest = *made;
    EXPECT_EQ(*made, digest) << threads << " threads";
    // In the order of the source, which is sorted by date.
    const auto rows = session.query(
        "SELECT count(*) AS n, max(back) AS back FROM (SELECT date < lag(date)"
        " OVER (ORDER BY file_row_number) AS back FROM read_parquet(" +
        quote_literal(file.string()) + "))");
    ASSERT_TRUE(rows.ok()) << rows.error().message;
    EXPECT_EQ(rows->at(0, "n").as_int(), 599'055);
    EXPECT_FALSE(rows->at(0, "back").as_bool());
  }
}

TEST(Session, AcceptsOneExpressionAndNothingElse) {
  Session session = open();
  for (const char* good : {"delay > 15", "a.b = 'x) --'", "CASE WHEN x THEN 1 ELSE 2 END",
                           "a IN (1, 2) -- why", "(SELECT 1)", "x::DATE"})
    EXPECT_TRUE(session.parse_expression(good, "where").ok()) << good;
  for (const char* bad : {"", "1; DROP TABLE t", "1) OR (1", "a, b", "a AS b", "*", "1 FROM t",
                          "1 WHERE true", "1 UNION SELECT 2", "1 LIMIT 1", "1 ORDER BY 1", "1 +"}) {
    const auto parsed = session.parse_expression(bad, "where");
    EXPECT_FALSE(parsed.ok()) << bad;
    EXPECT_NE(parsed.error().message.find("where '"), std::string::npos) << parsed.error().message;
  }
}

TEST(Session, ReportsErrorsByKind) {
  Session session = open();
  EXPECT_EQ(session.execute("SELEC 1").error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(session.execute("SELECT nosuch").error().code, ErrorCode::invalid_argument);
  EXPECT_EQ(session.execute("SELECT 'x'::INTEGER").error().code, ErrorCode::data_invalid);
}

TEST(SessionCells, EveryTypeHasAJsonForm) {
  auto session = Session::open();
  ASSERT_TRUE(session.ok());
  const auto cell = [&](const std::string& expression) {
    const auto table = session->query("SELECT " + expression + " AS v");
    return table ? table->at(0, "v").dump() : table.error().message;
  };
  // The values are as DuckDB's own CAST(… AS VARCHAR) writes them, intervals as ISO 8601 does.
  EXPECT_EQ(cell("UUID '0a1b2c3d-4e5f-6789-abcd-ef0123456789'"),
            "\"0a1b2c3d-4e5f-6789-abcd-ef0123456789\"");
  EXPECT_EQ(cell("UUID 'fa1b2c3d-4e5f-6789-abcd-ef0123456789'"),
            "\"fa1b2c3d-4e5f-6789-abcd-ef0123456789\"");
  EXPECT_EQ(cell("18446744073709551615::UBIGINT"), "\"18446744073709551615\"");
  EXPECT_EQ(cell("9223372036854775807::UBIGINT"), "9223372036854775807");
  EXPECT_EQ(cell("'-170141183460469231731687303715884105728'::HUGEINT"),
            "\"-170141183460469231731687303715884105728\"");
  EXPECT_EQ(cell("340282366920938463463374607431768211455::UHUGEINT"),
            "\"340282366920938463463374607431768211455\"");
  EXPECT_EQ(cell("12345678901234567890.12::DECIMAL(38,2)"), "\"12345678901234567890.12\"");
  EXPECT_EQ(cell("-0.00000000000000000001::DECIMAL(38,20)"), "-1e-20");
  EXPECT_EQ(cell("12.50::DECIMAL(9,2)"), "12.5");
  EXPECT_EQ(cell("INTERVAL '14 months 3 days 1.5 seconds'"), "\"P14M3DT1.500000S\"");
  EXPECT_EQ(cell("INTERVAL '-0.5 seconds'"), "\"PT-0.500000S\"");
  EXPECT_EQ(cell("'\\x00\\xFFa'::BLOB"), "\"00ff61\"");
  EXPECT_EQ(cell("'10110'::BIT"), "\"10110\"");
  EXPECT_EQ(cell("TIME '01:02:03.000004'"), "\"01:02:03.000004\"");
  EXPECT_EQ(cell("'01:02:03-05:30'::TIMETZ"), "\"01:02:03-05:30\"");
  EXPECT_EQ(cell("map {'a': 1, 'b': 2}"), R"([{"key":"a","value":1},{"key":"b","value":2}])");
  EXPECT_EQ(cell("union_value(num := 2)"), "2");
  EXPECT_EQ(cell("'-infinity'::DATE"), "\"-infinity\"");
}

}  // namespace
}  // namespace millrace::data
