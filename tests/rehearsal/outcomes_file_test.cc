// The outcomes file: what it says, and where it is wrong.
#include "engine/spec/outcomes_file.h"

#include <gtest/gtest.h>

namespace millrace {
namespace {

Dag dag() {
  DagSpec spec;
  spec.id = "etl";
  spec.schedule = CronSpec{"0 3 * * *", "Europe/Berlin", DstPolicy::run_once};
  for (const char* id : {"fetch", "train"}) {
    TaskSpec& task = spec.tasks.emplace_back();
    task.id = id;
    task.op = "noop";
  }
  return *Dag::make(std::move(spec));
}

std::string problems(const std::string& text) {
  std::string out;
  for (const auto& each : load_outcomes(text, "o.yaml", dag()).diagnostics)
    out += to_string(each) + "\n";
  return out;
}

TEST(OutcomesFile, TakesOutcomesInOrderAndRepeatsTheLast) {
  const auto loaded = load_outcomes(
      "outcomes:\n  fetch: [{fail: away, after: 30s}, {success: {rows: 120}}]\n", "o.yaml", dag());
  ASSERT_TRUE(loaded.diagnostics.empty()) << to_string(loaded.diagnostics[0]);
  const auto kind = [&](std::size_t n) {
    return loaded.outcomes.find("fetch", std::nullopt, n)->kind;
  };
  EXPECT_EQ(kind(0), GivenOutcome::Kind::fail);
  EXPECT_EQ(kind(1), GivenOutcome::Kind::success);
  EXPECT_EQ(kind(7), GivenOutcome::Kind::success);
  EXPECT_EQ(loaded.outcomes.find("train", std::nullopt, 0), nullptr);
}

// 3:00 in Berlin in winter is 2:00 UTC.
TEST(OutcomesFile, ADateWithoutAnOffsetIsInTheZoneOfTheDag) {
  const auto loaded =
      load_outcomes("outcomes:\n  train: {success: {}}\n  train@2026-12-01T03:00: {hang: true}\n",
                    "o.yaml", dag());
  ASSERT_TRUE(loaded.diagnostics.empty()) << to_string(loaded.diagnostics[0]);
  const auto& outcomes = loaded.outcomes;
  EXPECT_EQ(outcomes.find("train", *parse_rfc3339("2026-12-01T02:00:00Z"), 0)->kind,
            GivenOutcome::Kind::hang);
  EXPECT_EQ(outcomes.find("train", *parse_rfc3339("2026-12-02T02:00:00Z"), 0)->kind,
            GivenOutcome::Kind::success);
}

TEST(OutcomesFile, NamesThePlaceOfEachMistake) {
  EXPECT_EQ(problems("outcomes:\n  fetsh: {success: {}}\n"),
            "o.yaml:2:3: error: DAG 'etl' has no task 'fetsh'; did you mean 'fetch'?\n");
  EXPECT_EQ(problems("outcomes:\n  fetch: {fail: x, hang: true}\n"),
            "o.yaml:2:10: error: the outcome says fail, hang at once; write one of success, fail, "
            "skip, hang and lost\n");
  EXPECT_EQ(problems("outcomes:\n  fetch: {fail: x, code: unavailble}\n"),
            "o.yaml:2:26: error: there is no error code 'unavailble'; did you mean "
            "'unavailable'?\n");
  EXPECT_EQ(problems("expect:\n  - {logical_date: 2026-11-01, state: succes}\n"),
            "o.yaml:2:39: error: state: there is no state 'succes'; did you mean 'success'?\n");
  EXPECT_EQ(problems("outcomes:\n  fetch@soon: {success: {}}\n").substr(0, 18),
            "o.yaml:2:3: error:");
}

}  // namespace
}  // namespace millrace
