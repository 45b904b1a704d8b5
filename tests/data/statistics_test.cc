#include "engine/data/statistics.h"

#include <gtest/gtest.h>

#include "tests/data/temp_folder.h"

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
}

}  // namespace
}  // namespace millrace::data
