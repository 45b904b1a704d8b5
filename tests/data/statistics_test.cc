#include "engine/data/statistics.h"

#include <gtest/gtest.h>

#include <chrono>
#include <fstream>

#include "engine/data/nesting.h"
#include "tests/base/temp_folder.h"

namespace millrace::data {
namespace {

TEST(Statistics, DescribesEachColumnInItsOwnTerms) {
  const TempFolder folder;
  auto session = Session::open({.folders = {folder.path()}});
  ASSERT_TRUE(session.ok());
  const auto file = folder.path() / "t.parquet";
  ASSERT_TRUE(session->write_parquet(
      "SELECT CASE WHEN i < 100 THEN i END AS n, 'k' || (i % 2) AS k, i % 4 = 0 AS b,"
      " DATE '2001-01-01' + (i % 5)::INTEGER AS d, [i] AS l,"
      " CASE WHEN i = 0 THEN 'inf'::DOUBLE ELSE 1 END AS x, 7 AS \"odd \"\"name\"\"\""
      " FROM range(101) t(i)",
      file));
  const auto made = table_statistics(*session, file);
  ASSERT_TRUE(made.ok()) << made.error().message;
  EXPECT_EQ(made->rows, 101);
  const Json& n = made->columns.at(0);
  EXPECT_EQ(n["nulls"].as_int(), 1);
  EXPECT_EQ(n["min"].as_int(), 0);
  EXPECT_EQ(n["max"].as_int(), 99);
  EXPECT_EQ(n["mean"].as_double(), 49.5);
  // sqrt(100 * 101 / 12): the sample deviation of 0 … 99.
  EXPECT_NEAR(n["stddev"].as_double(), 29.011491975882016, 1e-12);
  EXPECT_EQ(n["quantiles"]["p25"].as_double(), 24.75);
  EXPECT_EQ(made->columns.at(1)["top"].dump(),
            R"([{"value":"k0","count":51},{"value":"k1","count":50}])");
  EXPECT_NEAR(made->columns.at(2)["mean"].as_double(), 26.0 / 101, 1e-12);
  EXPECT_EQ(made->columns.at(3)["max"].as_view(), "2001-01-05");
  EXPECT_EQ(made->columns.at(4)["type"].as_view(), "BIGINT[]");
  EXPECT_EQ(made->columns.at(5)["mean"].as_double(), 1);
  EXPECT_EQ(made->columns.at(6)["name"].as_view(), "odd \"name\"");
}

TEST(Statistics, OfNoRowsAreNull) {
  const TempFolder folder;
  auto session = Session::open({.folders = {folder.path()}});
  ASSERT_TRUE(session.ok());
  const auto file = folder.path() / "t.parquet";
  ASSERT_TRUE(session->write_parquet("SELECT 1 AS a WHERE false", file));
  const auto made = table_statistics(*session, file);
  ASSERT_TRUE(made.ok()) << made.error().message;
  EXPECT_EQ(made->rows, 0);
  EXPECT_TRUE(made->columns.at(0)["mean"].is_null());
  EXPECT_EQ(made->columns.at(0)["nulls"], Json(0));
}

class StatisticsTest : public ::testing::Test {
 protected:
  Result<TableStatistics> of(const std::string& select) {
    const auto written = session_->write_parquet(select, file_);
    EXPECT_TRUE(written.ok()) << written.error().message;
    return table_statistics(*session_, file_);
  }
  Json column(const std::string& select) {
    const auto made = of(select);
    EXPECT_TRUE(made.ok()) << made.error().message;
    return made.ok() ? made->columns.at(0) : Json();
  }
  /// SELECT of `count` columns c0, c1, … of one row, the expression `value` in each.
  static std::string wide(int count, const std::string& value) {
    std::string select = "SELECT ";
    for (int i = 0; i < count; ++i)
      select += (i == 0 ? "" : ", ") + value + " AS c" + std::to_string(i);
    return select;
  }

  TempFolder folder_;
  Result<Session> session_ = Session::open({.folders = {folder_.path()}});
  std::filesystem::path file_ = folder_.path() / "t.parquet";
};

TEST_F(StatisticsTest, CostIsLinearInTheNumberOfColumns) {
  // 100 columns took 1 s and 400 took 13 s when the cost was quadratic.
  const auto time = [&](int columns) {
    const auto begin = std::chrono::steady_clock::now();
    const auto made = of(wide(columns, "1.5::DOUBLE"));
    EXPECT_TRUE(made.ok()) << made.error().message;
    EXPECT_EQ(made->columns.size(), static_cast<std::size_t>(columns));
    EXPECT_EQ(made->columns.at(made->columns.size() - 1)["mean"].as_double(), 1.5);
    return std::chrono::steady_clock::now() - begin;
  };
  time(100);
  const auto few = time(200), many = time(2000);
  EXPECT_LT(many, 40 * few);
}

TEST_F(StatisticsTest, ManyColumnsOfManyTypesKeepTheirOrder) {
  const auto made = of(
      "SELECT 1::UTINYINT AS a, 'x' AS b, 2.50::DECIMAL(9,2) AS c, true AS d, DATE '2001-01-01' AS "
      "e, 18446744073709551615::UBIGINT AS f, uuid() AS g, [1] AS h, 'y' AS i, 3.5::FLOAT AS j, "
      "4::BIGINT AS k, {m: 1} AS l");
  ASSERT_TRUE(made.ok()) << made.error().message;
  std::string seen;
  for (const auto& one : made->columns.items())
    seen +=
        one["name"].as_string() + " " + one["type"].as_string() + " " + one["max"].dump() + "\n";
  EXPECT_EQ(seen,
            "a UTINYINT 1\nb VARCHAR \"x\"\nc DECIMAL(9,2) 2.5\nd BOOLEAN true\n"
            "e DATE \"2001-01-01\"\nf UBIGINT \"18446744073709551615\"\ng UUID null\n"
            "h INTEGER[] null\ni VARCHAR \"y\"\nj FLOAT 3.5\nk BIGINT 4\n"
            "l STRUCT(m INTEGER) null\n");
  EXPECT_EQ(made->columns.at(6)["nulls"], Json(0));
  EXPECT_FALSE(made->columns.at(7).contains("nulls"));
}

TEST_F(StatisticsTest, LongTablesAreDescribedAsShortOnes) {
  const std::string cycle =
      "SELECT (i % 100)::INTEGER AS n, 'k' || (i % 3) AS k, i % 4 = 0 AS b, CASE WHEN i % 5 = 0 "
      "THEN NULL ELSE (i % 100) * 0.5::DOUBLE END AS x FROM ";
  const auto few = of(cycle + "range(20000) t(i)");
  const auto many = of(cycle + "range(40000) t(i)");
  ASSERT_TRUE(few.ok() && many.ok());
  for (std::size_t i = 0; i < 4; ++i) {
    const Json &a = few->columns.at(i), &b = many->columns.at(i);
    for (const char* same : {"distinct", "min", "max", "mean"}) EXPECT_EQ(a[same], b[same]) << same;
    EXPECT_EQ(a["quantiles"]["p50"], b["quantiles"]["p50"]);
    EXPECT_EQ(a["quantiles"].size(), b["quantiles"].size());
    EXPECT_EQ(2 * a["nulls"].as_int(), b["nulls"].as_int());
    EXPECT_EQ(a["top"].size(), b["top"].size());
  }
}

TEST_F(StatisticsTest, HugeNumbersHaveADeviation) {
  // By R: sd(c(1e300, -1e300)) = 1.414214e+300; mean 0. The square of 1e154 is no double.
  const Json made = column("SELECT unnest([1e300, -1e300]) AS x");
  EXPECT_NEAR(made["stddev"].as_double() / 1.4142135623730951e300, 1, 1e-12) << made.dump();
  EXPECT_EQ(made["mean"], Json(0.0));
  EXPECT_EQ(made["max"], Json(1e300));
  // The greatest double: the sum of two of them is none.
  const Json greatest =
      column("SELECT unnest([1.7976931348623157e308, 1.7976931348623157e308]) AS x");
  EXPECT_NEAR(greatest["mean"].as_double() / 1.7976931348623157e308, 1, 1e-12) << greatest.dump();
  EXPECT_EQ(greatest["stddev"], Json(0.0));
  // Apart by the whole range: the deviation is beyond the greatest double, and the ingest goes on.
  EXPECT_TRUE(column("SELECT unnest([1.79e308, -1.79e308]) AS x")["stddev"].is_null());
}

TEST_F(StatisticsTest, CountsANanAsNull) {
  const Json made = column("SELECT unnest([1::DOUBLE, 2, 'nan'::DOUBLE, NULL]) AS x");
  EXPECT_EQ(made["nulls"], Json(2));
  EXPECT_EQ(made["nans"], Json(1));
  EXPECT_EQ(made["max"], Json(2.0));
  EXPECT_EQ(made["mean"], Json(1.5));
  EXPECT_EQ(made["distinct"], Json(2));
  EXPECT_FALSE(column("SELECT 1.0::DOUBLE AS x").contains("nans"));
  EXPECT_EQ(column("SELECT unnest([1::FLOAT, 'nan'::FLOAT]) AS x")["nans"], Json(1));
}

TEST_F(StatisticsTest, CutsLongTexts) {
  const Json made = column("SELECT repeat('é', 5000) AS t");
  std::string cut;
  for (int i = 0; i < 100; ++i) cut += "é";
  EXPECT_EQ(made["min"], Json(cut));
  EXPECT_EQ(made["max"], Json(cut));
  EXPECT_EQ(made["top"].at(0)["value"], Json(cut));
  // 3,000 columns of long texts have to fit into one event of at most 8 MiB.
  const auto many = of(wide(3000, "repeat('x', 5000)"));
  ASSERT_TRUE(many.ok()) << many.error().message;
  EXPECT_LT(many->columns.dump().size(), std::size_t{2} << 20);
}

class NestingTest : public StatisticsTest {
 protected:
  std::filesystem::path json(const std::string& text) {
    std::ofstream(folder_.path() / "a.jsonl", std::ios::binary) << text;
    return folder_.path() / "a.jsonl";
  }
  static std::string brackets(int levels) {
    return std::string(static_cast<std::size_t>(levels), '[') + "1" +
           std::string(static_cast<std::size_t>(levels), ']');
  }
};

TEST_F(NestingTest, RefusesJsonBeyondTheDepth) {
  EXPECT_TRUE(check_json_nesting(json("{\"a\":" + brackets(16) + "}\n")).ok());
  const Status refused = check_json_nesting(json("{\"a\":1}\n{\"a\":" + brackets(17) + "}\n"));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::data_invalid);
  EXPECT_EQ(refused.error().message,
            "a.jsonl:2: values are nested more than 16 levels deep; flatten them, or write the "
            "inner part as text");
  EXPECT_FALSE(check_json_nesting(json("{\"a\":" + brackets(100'000) + "}\n")).ok());
  // An array of records, as some APIs answer.
  EXPECT_TRUE(check_json_nesting(json("[{\"a\":" + brackets(16) + "},\n{\"a\":2}]\n")).ok());
  EXPECT_FALSE(check_json_nesting(json("[{\"a\":" + brackets(17) + "}]\n")).ok());
  // Objects count as lists do.
  std::string objects;
  for (int i = 0; i < 20; ++i) objects += "{\"a\":";
  EXPECT_FALSE(check_json_nesting(json(objects + "1" + std::string(20, '}'))).ok());
}

TEST_F(NestingTest, BracketsInTextsAndBrokenLinesDoNotCount) {
  EXPECT_TRUE(check_json_nesting(json("{\"a\":\"" + std::string(50, '[') + "\\\"[[\"}\n")).ok());
  std::string broken;
  for (int i = 0; i < 50; ++i) broken += "{\"a\": [1\n{\"b\": \"x\n";
  EXPECT_TRUE(check_json_nesting(json(broken)).ok());
  EXPECT_TRUE(check_json_nesting(json("")).ok());
}

TEST_F(NestingTest, RefusesParquetBeyondTheDepth) {
  const auto nested = [&](int levels) {
    const auto written = session_->write_parquet(
        "SELECT 1 AS z, " + brackets(levels) + " AS a, {b: [1]} AS s, map {'x': [2]} AS m", file_);
    EXPECT_TRUE(written.ok()) << written.error().message;
    return check_parquet_nesting(*session_, file_);
  };
  EXPECT_TRUE(nested(16).ok()) << nested(16).error().message;
  const Status refused = nested(17);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::data_invalid);
  EXPECT_TRUE(refused.error().message.starts_with("t.parquet, column ")) << refused.error().message;
  EXPECT_FALSE(nested(60).ok());
  const auto structs = session_->write_parquet(
      "SELECT {a:{a:{a:{a:{a:{a:{a:{a:{a:{a:{a:{a:{a:{a:{a:{a:{a:1}}}}}}}}}}}}}}}}} AS s", file_);
  ASSERT_TRUE(structs.ok()) << structs.error().message;
  EXPECT_FALSE(check_parquet_nesting(*session_, file_).ok());
}

TEST_F(NestingTest, CountsTheLevelsOfATypeName) {
  EXPECT_EQ(nesting_of("BIGINT"), 0);
  EXPECT_EQ(nesting_of("DECIMAL(9,2)"), 0);
  EXPECT_EQ(nesting_of("ENUM('a[', 'b')"), 0);
  EXPECT_EQ(nesting_of("BIGINT[]"), 1);
  EXPECT_EQ(nesting_of("DOUBLE[3]"), 1);
  EXPECT_EQ(nesting_of("STRUCT(a BIGINT, b DECIMAL(9,2))"), 1);
  EXPECT_EQ(nesting_of("STRUCT(a BIGINT[], b INTEGER)[]"), 3);
  EXPECT_EQ(nesting_of("MAP(VARCHAR, INTEGER[][])"), 3);
  EXPECT_EQ(nesting_of("STRUCT(\"x[[(\"\"[\" BIGINT)"), 1);
}

}  // namespace
}  // namespace millrace::data
