#include "operators/features/features_build.h"

#include <gtest/gtest.h>

#include "engine/op/catalog.h"
#include "operators/features/row_sample.h"
#include "tests/operators/read_artifact.h"

namespace millrace {
namespace {

const std::string kFlights =
    "read_parquet(" +
    data::quote_literal(std::string(MILLRACE_SOURCE_DIR) +
                        "/node_modules/vega-datasets/data/flights-3m.parquet") +
    ")";

class FeaturesBuildTest : public ::testing::Test {
 protected:
  Result<Outcome> run(const std::string& input, std::string_view with_json) {
    Json with = *Json::parse(with_json);
    with.set("input", input);
    return Catalog::of<FeaturesBuild>().run("features.build", with, ctx_);
  }
  std::string built(const std::string& select, std::string_view with_json) {
    const Done done = expect_outcome<Done>(run(put_table(ctx_, select), with_json));
    return done.outputs["table"].as_string();
  }
  FakeContext ctx_;
};

constexpr const char* kSmall = R"sql(
  SELECT * FROM (VALUES
    (TIMESTAMP '2001-01-01 10:00', 'A', '1', 10),
    (TIMESTAMP '2001-01-01 10:00', 'A', '1', 30),
    (TIMESTAMP '2001-01-02 10:00', 'A', '1', 50),
    (TIMESTAMP '2001-01-02 10:00', 'B', '1', 70),
    (TIMESTAMP '2001-01-09 10:00', 'A', '1', NULL),
    (TIMESTAMP '2001-01-09 10:01', 'A', NULL, 5),
    (NULL,                         'A', '1', 6)) t("at", k1, k2, delay))sql";

TEST_F(FeaturesBuildTest, GivesOneRowForEachRowWithItsPast) {
  const std::string table = built(kSmall, R"json({"timestamp": "at", "entity": ["k1", "k2"],
      "label": "delay > 15", "features": {
        "twice": {"expression": "delay * 2"},
        "n": {"aggregate": "count"},
        "mean7": {"aggregate": "mean", "of": "delay", "window": "7d"},
        "late": {"aggregate": "rate", "of": "delay > 15", "by": ["k1"]},
        "last": {"aggregate": "last", "of": "delay", "by": []},
        "slow": {"aggregate": "sum", "of": "delay", "delay": "1d"}}})json");
  EXPECT_EQ(
      query_artifact(ctx_, Json(table),
                     "SELECT k1, label, twice, n, mean7, late, last, slow FROM $table")
          .to_json()
          .dump(),
      R"json([{"k1":"A","label":false,"twice":20,"n":0.0,"mean7":null,"late":null,"last":null,"slow":null},)json"
      R"json({"k1":"A","label":true,"twice":60,"n":0.0,"mean7":null,"late":null,"last":null,"slow":null},)json"
      R"json({"k1":"A","label":true,"twice":100,"n":2.0,"mean7":20.0,"late":0.5,"last":30.0,"slow":null},)json"
      R"json({"k1":"B","label":true,"twice":140,"n":0.0,"mean7":null,"late":null,"last":30.0,"slow":null},)json"
      R"json({"k1":"A","label":null,"twice":null,"n":3.0,"mean7":50.0,"late":0.6666666666666666,"last":70.0,"slow":90.0},)json"
      R"json({"k1":"A","label":false,"twice":10,"n":null,"mean7":null,"late":0.6666666666666666,"last":70.0,"slow":null},)json"
      R"json({"k1":"A","label":false,"twice":12,"n":null,"mean7":null,"late":null,"last":null,"slow":null}])json");
}

TEST_F(FeaturesBuildTest, DeclaresWhatItMade) {
  const std::string input = put_table(ctx_, kSmall);
  const Done done = expect_outcome<Done>(run(input, R"json({"timestamp": "at", "entity": ["k1"],
      "features": {"n": {"aggregate": "count"}, "hour": "hour(\"at\")"}})json"));
  EXPECT_EQ(done.outputs["columns"].dump(), R"json(["k1","at","n","hour"])json");
  EXPECT_EQ(done.outputs["features"].dump(), R"json(["n","hour"])json");
  EXPECT_TRUE(done.outputs["label"].is_null());
  const auto published = effects_of<PublishArtifact>(done.effects);
  ASSERT_EQ(published.size(), 1u);
  EXPECT_EQ(published[0].inputs, std::vector<std::string>{input});
  EXPECT_EQ(published[0].rows, 7);
  const Done again = expect_outcome<Done>(run(input, R"json({"timestamp": "at", "entity": ["k1"],
      "features": {"n": {"aggregate": "count"}, "hour": "hour(\"at\")"}})json"));
  EXPECT_EQ(again.outputs["table"], done.outputs["table"]);
}

// The defect of a point-in-time join that concatenates keys without a separator.
TEST_F(FeaturesBuildTest, CompositeKeysDoNotCollide) {
  const std::string table = built(R"sql(
      SELECT TIMESTAMP '2001-01-01' AS "at", 1 AS a, 23 AS b, 100 AS v UNION ALL
      SELECT TIMESTAMP '2001-01-01', 12, 3, 999 UNION ALL
      SELECT TIMESTAMP '2001-01-02', 1, 23, 0)sql",
                                  R"json({"timestamp": "at", "entity": ["a", "b"],
      "features": {"last": {"aggregate": "last", "of": "v"}}})json");
  EXPECT_EQ(query_artifact(ctx_, Json(table),
                           "SELECT last FROM $table WHERE a = 1 AND \"at\" > '2001-01-01'")
                .at(0, "last")
                .as_double(),
            100);
}

// 12345678901234567890 and …891 are one double: two users would become one.
TEST_F(FeaturesBuildTest, RefusesKeysOfFloatingPoint) {
  const std::string table = put_table(
      ctx_, "SELECT TIMESTAMP '2001-01-01' AS \"at\", 1.5::DOUBLE AS a, 2::DECIMAL(38,0) AS b");
  const auto refused = [&](const char* with) {
    const auto outcome = run(table, with);
    return outcome ? "no error" : outcome.error().message;
  };
  EXPECT_NE(refused(R"json({"timestamp": "at", "entity": ["a"], "features": {"n": "b"}})json")
                .find("the key 'a' is of type DOUBLE"),
            std::string::npos);
  EXPECT_EQ(refused(R"json({"timestamp": "at", "entity": ["b"], "features": {"n": "a"}})json"),
            "no error");
}

TEST_F(FeaturesBuildTest, RowsAreFilteredButTheirPastIsNot) {
  const char* with = R"json({"timestamp": "at", "entity": ["k1"], "from": "2001-01-02",
      "to": "2001-01-09", "features": {"n": {"aggregate": "count"}}})json";
  EXPECT_EQ(rows_of(ctx_, Json(built(kSmall, with))),
            R"json([{"k1":"A","at":"2001-01-02T10:00:00Z","n":2.0},)json"
            R"json({"k1":"B","at":"2001-01-02T10:00:00Z","n":0.0}])json");
}

TEST_F(FeaturesBuildTest, SamplesByContent) {
  const std::string rows =
      "SELECT TIMESTAMP '2001-01-01' + to_minutes(i::INTEGER) AS \"at\", i AS k FROM range(20000) "
      "t(i)";
  const auto sampled = [&](const std::string& select, const char* sample) {
    return built(select, std::string(R"json({"timestamp": "at", "entity": ["k"], "sample": )json") +
                             sample + R"json(, "features": {"h": "hour(\"at\")"}})json");
  };
  const auto count = [&](const std::string& table) {
    return query_artifact(ctx_, Json(table), "SELECT count(*) AS n FROM $table")
        .at(0, "n")
        .as_int();
  };
  const std::string tenth = sampled(rows, "0.1");
  EXPECT_NEAR(static_cast<double>(count(tenth)), 2000, 200);
  EXPECT_EQ(sampled(rows, "0.1"), tenth);
  EXPECT_EQ(count(sampled(rows, "1.0")), 20000);
  EXPECT_EQ(count(sampled(rows, "0.0")), 0);
  // More rows do not change which of the old ones are in the sample.
  const std::string wider =
      "SELECT * FROM (" + rows + ") UNION ALL SELECT TIMESTAMP '2002-01-01', 7";
  EXPECT_NEAR(static_cast<double>(count(sampled(wider, "0.1")) - count(tenth)), 0.5, 0.5);
}

TEST_F(FeaturesBuildTest, ASampleHasTheValuesOfAllRows) {
  const std::string rows =
      "SELECT TIMESTAMP '2001-01-01' + to_minutes(i::INTEGER) AS \"at\", 'k' || (i % 7) AS k, i AS "
      "v "
      "FROM range(3000) t(i)";
  const auto sampled = [&](const char* sample) {
    return Json(
        built(rows, std::string(R"json({"timestamp": "at", "entity": ["k"], "sample": )json") +
                        sample + R"json(, "features": {"w": "v + 1", "n":
                                    {"aggregate": "sum", "of": "v", "window": "1h"}}})json"));
  };
  const Json part = sampled("0.2");
  const std::string of_part = rows_of(ctx_, part);
  const auto whole = query_artifact(ctx_, sampled("1.0"), "SELECT * FROM $table").to_json();
  std::size_t found = 0;
  for (const auto& row : whole.items())
    if (of_part.find(row.dump()) != std::string::npos) ++found;
  EXPECT_NEAR(static_cast<double>(found), 600, 70);
  EXPECT_EQ(static_cast<std::int64_t>(found),
            query_artifact(ctx_, part, "SELECT count(*) AS n FROM $table").at(0, "n").as_int());
}

TEST(RowSample, IsTheSameOnEveryMachine) {
  // FNV-1a of "foobar" is in the test vectors of its authors (isthe.com/chongo/tech/comp/fnv).
  EXPECT_EQ(text_hash("foobar"), 0x85944171f73967e8u);
  // By a program of its own in Python: SplitMix64 over seed, time and keys.
  const auto keys = data::ColumnData::of_texts("k", {"ATL", "BOS", "ATL", "DEN"});
  const std::vector<std::int64_t> times = {0, 0, 1'000'000, 2'000'000};
  EXPECT_EQ(sample_rows(times, {&keys}, 0, 0.9), (std::vector<double>{0, 1, 0, 1}));
  EXPECT_EQ(sample_rows(times, {&keys}, 1, 0.53), (std::vector<double>{0, 1, 0, 1}));
  EXPECT_EQ(sample_rows(times, {&keys}, 0, 1.0), (std::vector<double>{1, 1, 1, 1}));
  EXPECT_EQ(sample_rows(times, {&keys}, 0, 0.0), (std::vector<double>{0, 0, 0, 0}));
}

TEST_F(FeaturesBuildTest, ANanIsANullInEveryFeature) {
  // 0 to 3 by the minute, the second value NaN: of the past, max is 3 and not NaN; a condition on
  // NaN is neither true nor false and does not count in a rate.
  const std::string rows =
      "SELECT TIMESTAMP '2001-01-01' + to_minutes(i::INTEGER) AS \"at\", CASE WHEN i = 1 THEN "
      "'nan'::DOUBLE ELSE i END AS v FROM range(5) t(i)";
  const std::string table = built(rows, R"json({"timestamp": "at", "label": "v > 1", "features": {
      "big": "v > 1",
      "mean": {"aggregate": "mean", "of": "v", "by": []},
      "rate": {"aggregate": "rate", "of": "v > 1", "by": []},
      "most": {"aggregate": "max", "of": "v", "by": []},
      "n": {"aggregate": "count", "of": "v", "by": []}}})json");
  const auto last = query_artifact(ctx_, Json(table), "SELECT * FROM $table ORDER BY \"at\"");
  EXPECT_TRUE(last.at(1, "label").is_null());
  EXPECT_TRUE(last.at(1, "big").is_null());
  EXPECT_EQ(last.at(4, "mean").as_double(), 5.0 / 3);  // 0, 2, 3
  EXPECT_EQ(last.at(4, "rate").as_double(), 2.0 / 3);
  EXPECT_EQ(last.at(4, "most").as_double(), 3);
  EXPECT_EQ(last.at(4, "n").as_double(), 3);
}

TEST_F(FeaturesBuildTest, RefusesNamesThatDifferInCaseOnly) {
  const auto refused = [&](const char* with) {
    const auto outcome = Catalog::of<FeaturesBuild>().run(
        "features.build",
        [&] {
          Json json = *Json::parse(with);
          json.set("input", put_table(ctx_,
                                      "SELECT TIMESTAMP '2001-01-01' AS \"at\", 1 AS k, 1 AS "
                                      "label"));
          return json;
        }(),
        ctx_);
    return outcome ? "it ended well" : outcome.error().message;
  };
  EXPECT_EQ(refused(R"json({"timestamp": "at", "entity": ["k"], "features": {"K": "k + 1"}})json"),
            "feature 'K' has the name of another column of the result; rename it");
  EXPECT_EQ(refused(R"json({"timestamp": "at", "entity": ["label"], "label": "k > 0",
                            "features": {"h": "k"}})json"),
            "the label becomes the column 'label', which is among entity and timestamp already");
}

TEST_F(FeaturesBuildTest, TheFutureOfRealFlightsChangesNothing) {
  const char* with = R"json({"timestamp": "date", "entity": ["origin", "destination"],
      "to": "2001-01-11", "label": "delay > 15", "features": {
        "hour": "hour(date)",
               "mean" : {
                 "aggregate" : "mean",
                 "of" : "delay",
                 "window" : "7d",
                 "by" : ["origin"],
                 "delay" : "2h"
               },
               "spread"
        : {"aggregate" : "stddev", "of" : "delay", "window" : "3d", "by" : ["destination"]},
               "worst" : {"aggregate" : "max", "of" : "delay", "window" : "1d", "by" : ["origin"]},
               "last" : {
      "aggregate" : "last", "of" : "delay"
    }}})json";
  const std::string weeks = "SELECT * FROM " + kFlights + " WHERE date < '2001-01-14'";
  // From the 11th on: rows in another order, with other values, and some of them gone.
  const std::string changed =
      "SELECT * FROM (SELECT * FROM (" + weeks +
      ") WHERE date < '2001-01-11') UNION ALL "
      "SELECT date, 9999 - delay, distance, destination, origin FROM "
      "(SELECT * FROM (" +
      weeks +
      ") WHERE date >= '2001-01-11' AND distance % 3 <> 0 ORDER BY distance,"
      " delay, date, origin, destination)";
  EXPECT_EQ(built(weeks, with), built(changed, with)) << "the very same bytes";
}

TEST_F(FeaturesBuildTest, RefusesWhatMakesNoSense) {
  const std::string input = put_table(ctx_, kSmall);
  const auto message = [&](std::string_view with) {
    const auto outcome = run(input, with);
    return outcome.ok() ? "none" : outcome.error().message;
  };
  const auto expect = [&](std::string_view with, std::string_view part) {
    EXPECT_NE(message(with).find(part), std::string::npos) << message(with);
  };
  expect(R"json({"timestamp": "att", "features": {"a": "1"}})json", "did you mean 'at'?");
  expect(R"json({"timestamp": "delay", "features": {"a": "1"}})json", "must be a timestamp");
  expect(R"json({"timestamp": "at", "entity": ["k9"], "features": {"a": "1"}})json",
         "no column 'k9'");
  expect(R"json({"timestamp": "at", "features": {"at": "1"}})json", "rename it");
  expect(R"json({"timestamp": "at", "label": "k1", "features": {"label": "1"}})json", "rename it");
  expect(R"json({"timestamp": "at", "features": {"a": "lead(delay) OVER (ORDER BY \"at\")"}})json",
         "window");
  expect(R"json({"timestamp": "at", "features": {"a": "nosuch + 1"}})json", "nosuch");
  expect(R"json({"timestamp": "at", "from": "soon", "features": {"a": "1"}})json",
         "'soon' is not a time");
}

TEST_F(FeaturesBuildTest, NamesTheFeatureWhoseExpressionIsWrong) {
  const std::string input = put_table(ctx_, kSmall);
  const auto message = [&](std::string_view with) {
    const auto outcome = run(input, with);
    return outcome.ok() ? "none" : outcome.error().message;
  };
  const auto expect = [&](std::string_view with, std::string_view start) {
    EXPECT_TRUE(message(with).starts_with(start)) << message(with);
  };
  expect(R"json({"timestamp": "at", "features": {"a": "1", "b": "foo(delay)"}})json",
         "feature 'b' 'foo(delay)': DuckDB has no function 'foo'");
  expect(R"json({"timestamp": "at", "features": {"b": {"aggregate": "sum", "of": "dely"}}})json",
         "feature 'b' 'dely': there is no column 'dely'; did you mean 'delay'?");
  expect(R"json({"timestamp": "at", "label": "dely > 1", "features": {"a": "1"}})json",
         "label 'dely > 1': there is no column 'dely'");
  expect(R"json({"timestamp": "at", "features": {"b": "sum(delay)"}})json",
         "feature 'b' 'sum(delay)': an aggregate");
  // These bind, and fail on a value.
  expect(R"json({"timestamp": "at", "features": {"a": "1", "b": "CAST(k1 AS INTEGER)"}})json",
         "feature 'b' 'CAST(k1 AS INTEGER)': Could not convert string 'A' to INT32");
  expect(R"json({"timestamp": "at",
          "features": {"b": {"aggregate": "sum", "of": "k1", "by": []}}})json",
         "feature 'b' ");
}

TEST_F(FeaturesBuildTest, WarnsOfAFeatureMadeOfTheLabel) {
  built(kSmall,
        R"json({"timestamp": "at", "label": "delay > 15", "features": {"leak": "delay * 2"}})json");
  ASSERT_FALSE(ctx_.lines.empty());
  EXPECT_NE(ctx_.lines[0].find("feature 'leak' reads 'delay'"), std::string::npos);
}

}  // namespace
}  // namespace millrace
