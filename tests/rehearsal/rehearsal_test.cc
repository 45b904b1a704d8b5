// A DAG in virtual time. Expected instants are counted by hand.
#include "engine/rehearsal/rehearsal.h"

#include <gtest/gtest.h>

#include "engine/base/duration.h"
#include "engine/rehearsal/comparison.h"
#include "engine/rehearsal/junit.h"
#include "engine/spec/load.h"
#include "operators/catalog.h"

namespace millrace {
namespace {

class Rehearsing : public ::testing::Test {
 protected:
  void load(const std::string& yaml) {
    const LoadedDag loaded = load_dag(yaml, "x.yaml", builtin_catalog());
    ASSERT_TRUE(loaded.spec) << to_string(loaded.diagnostics.at(0));
    dag_ = std::make_shared<const Dag>(*Dag::make(*loaded.spec));
  }
  void give(const std::string& yaml) {
    auto loaded = load_outcomes(yaml, "o.yaml", *dag_);
    ASSERT_TRUE(loaded.diagnostics.empty()) << to_string(loaded.diagnostics[0]);
    outcomes_ = std::move(loaded.outcomes);
  }
  Result<Rehearsal> play(std::string_view from, std::string_view to) {
    options_.from = *parse_rfc3339(from);
    options_.to = *parse_rfc3339(to);
    return rehearse(dag_, options_, outcomes_, builtin_catalog());
  }
  /// "HH:MM:SS task text" for each line.
  std::string trace(std::string_view from, std::string_view to) {
    const auto played = play(from, to);
    if (!played) return played.error().message;
    std::string out;
    for (const auto& line : played->trace)
      out += format_rfc3339(line.at).substr(11, 8) + " " + line.task +
             (line.task.empty() ? "" : " ") + line.text + "\n";
    return out;
  }

  std::shared_ptr<const Dag> dag_;
  RehearsalOptions options_;
  GivenOutcomes outcomes_;
};

TEST_F(Rehearsing, PlaysRetriesWithTheirBackOff) {
  load(
      "dag: x\ntasks:\n  a: {operator: command, with: {argv: [x]}, retries: {max: 2, initial: 5s, "
      "jitter: 0}}\n");
  give("outcomes:\n  a: [{fail: away, after: 30s}, {fail: away}, {success: {n: 1}, after: 2m}]\n");
  EXPECT_EQ(trace("2026-11-01T00:00:00Z", "2026-11-01T00:00:00Z"),
            "00:00:00 manual run\n"
            "00:00:00 a attempt 1 starts\n"
            "00:00:30 a attempt 1 failed: away; retry in 5s\n"
            "00:00:35 a attempt 2 starts\n"
            "00:00:36 a attempt 2 failed: away; retry in 10s\n"
            "00:00:46 a attempt 3 starts\n"
            "00:02:46 a success {\"n\":1}\n"
            "00:02:46 run success in 2m46s\n");
}

TEST_F(Rehearsing, AHangingAttemptEndsByItsTimeout) {
  load("dag: x\ntasks:\n  a: {operator: command, with: {argv: [x]}, timeout: 10m}\n");
  give("outcomes:\n  a: {hang: true}\n");
  EXPECT_EQ(trace("2026-11-01T00:00:00Z", "2026-11-01T00:00:00Z"),
            "00:00:00 manual run\n"
            "00:00:00 a attempt 1 starts\n"
            "00:10:00 a failed: ran longer than its timeout of 10m\n"
            "00:10:00 run failed in 10m\n");
}

TEST_F(Rehearsing, SkipsADateWhileAnEarlierRunIsOpen) {
  load(
      "dag: x\nschedule: {every: 10m, overlap: skip}\ntasks:\n  a: {operator: command, with: "
      "{argv: [x]}}\n");
  give("outcomes:\n  a: {success: {}, after: 15m}\n");
  const auto played = play("2026-11-01T00:00:00Z", "2026-11-01T00:40:00Z");
  ASSERT_TRUE(played);
  EXPECT_EQ(played->runs.size(), 3u);  // 0:00, 0:20, 0:40
  EXPECT_EQ(played->skipped_dates, 2);
}

TEST_F(Rehearsing, MakesUpDatesSinceTheStartWithCatchup) {
  load(
      "dag: x\nschedule: {cron: '0 0 * * *', start: 2026-10-30, catchup: true}\ntasks:\n  a: "
      "{operator: noop}\n");
  const auto played = play("2026-11-01T12:00:00Z", "2026-11-02T00:00:00Z");
  ASSERT_TRUE(played);
  ASSERT_EQ(played->runs.size(), 4u);  // 30 and 31 October, 1 and 2 November
  EXPECT_EQ(format_rfc3339(played->runs[0].logical_date), "2026-10-30T00:00:00Z");
  EXPECT_EQ(format_rfc3339(played->runs[0].created), "2026-11-01T12:00:00Z");
  EXPECT_EQ(format_rfc3339(played->runs[3].created), "2026-11-02T00:00:00Z");
}

TEST_F(Rehearsing, RunsNoopWaitAndFailInVirtualTime) {
  load(
      "dag: x\nparams: {n: 1}\ntasks:\n  a: {operator: noop, with: {outputs: {n: '${{ params.n "
      "}}'}}}\n  b: {operator: wait, with: {for: 1h}, needs: a}\n  c: {operator: fail, needs: "
      "b}\n");
  options_.params = Json::object({{"n", 7}});
  EXPECT_EQ(trace("2026-11-01T00:00:00Z", "2026-11-01T00:00:00Z"),
            "00:00:00 manual run\n"
            "00:00:00 a attempt 1 starts\n"
            "00:00:00 a success {\"n\":7}\n"
            "00:00:00 b attempt 1 starts\n"
            "00:00:00 b waits until 2026-11-01T01:00:00Z\n"
            "01:00:00 b attempt 1 starts\n"
            "01:00:00 b success {\"until\":\"2026-11-01T01:00:00Z\"}\n"
            "01:00:00 c attempt 1 starts\n"
            "01:00:00 c failed: failed on purpose\n"
            "01:00:00 run failed in 1h\n");
}

TEST_F(Rehearsing, TheSeedAloneDecidesTheJitter) {
  load(
      "dag: x\ntasks:\n  a: {operator: command, with: {argv: [x]}, retries: {max: 3, initial: "
      "1m}}\n");
  give("outcomes:\n  a: {fail: away}\n");
  const auto with_seed = [&](std::uint64_t seed) {
    options_.seed = seed;
    return trace("2026-11-01T00:00:00Z", "2026-11-01T00:00:00Z");
  };
  EXPECT_EQ(with_seed(1), with_seed(1));
  EXPECT_NE(with_seed(1), with_seed(2));
}

TEST_F(Rehearsing, EndsWithAnErrorAfterTooManyEvents) {
  load("dag: x\nschedule: {every: 1s}\ntasks:\n  a: {operator: noop}\n");
  options_.max_events = 1000;
  EXPECT_EQ(play("2026-11-01T00:00:00Z", "2026-12-01T00:00:00Z").error().code,
            ErrorCode::resource_exhausted);
  EXPECT_EQ(play("2026-11-01T00:00:00Z", "2126-11-01T00:00:00Z").error().code,
            ErrorCode::invalid_argument);
}

TEST_F(Rehearsing, ReportsWhatIsNotAsExpected) {
  load("dag: x\nschedule: '0 * * * *'\ntasks:\n  a: {operator: command, with: {argv: [x]}}\n");
  give(
      "outcomes:\n  a@2026-11-01T01:00: {fail: '<away>'}\nexpect:\n"
      "  - {logical_date: 2026-11-01T00:00, state: success, ended: 2026-11-01T00:00:01Z}\n"
      "  - {logical_date: 2026-11-01T01:00, state: success, tasks: {a: success}}\n"
      "  - {logical_date: 2026-11-01T01:30, state: none}\n"
      "  - {logical_date: 2026-11-01T05:00}\n");
  const auto played = play("2026-11-01T00:00:00Z", "2026-11-01T02:00:00Z");
  ASSERT_TRUE(played);
  const auto cases = compare(*played, outcomes_);
  ASSERT_EQ(cases.size(), 4u);
  EXPECT_TRUE(cases[0].differences.empty());
  EXPECT_EQ(cases[1].differences, (std::vector<std::string>{"state is failed, expected success",
                                                            "task a is failed, expected success"}));
  EXPECT_TRUE(cases[2].differences.empty());
  EXPECT_EQ(cases[3].differences, std::vector<std::string>{"there is no run of this date"});
  EXPECT_NE(junit_xml("x", cases).find("<testsuites tests=\"4\" failures=\"2\""),
            std::string::npos);
}

TEST_F(Rehearsing, ReportsOutcomesForADateThatHasNoRun) {
  load("dag: x\nschedule: '0 * * * *'\ntasks:\n  a: {operator: command, with: {argv: [x]}}\n");
  give("outcomes:\n  a@2026-11-01T01:30: {fail: away}\n  a@2026-11-01T01:00: {success: {}}\n");
  const auto played = play("2026-11-01T00:00:00Z", "2026-11-01T02:00:00Z");
  ASSERT_TRUE(played);
  const auto cases = compare(*played, outcomes_);
  ASSERT_EQ(cases.size(), 4u);
  EXPECT_EQ(cases[0].name, "2026-11-01T01:30:00Z");
  EXPECT_EQ(
      cases[0].differences,
      std::vector<std::string>{"the file has outcomes of task a for this date, which has no run"});
}

TEST(Junit, EscapesWhatXmlReserves) {
  const std::string xml = junit_xml("a&b", {{"one", std::chrono::seconds{2}, {"<\"x\">"}}});
  EXPECT_NE(xml.find("classname=\"a&amp;b\""), std::string::npos);
  EXPECT_NE(xml.find("message=\"&lt;&quot;x&quot;&gt;\""), std::string::npos);
  EXPECT_NE(xml.find("time=\"2.000\""), std::string::npos);
}

}  // namespace
}  // namespace millrace
