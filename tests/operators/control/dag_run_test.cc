#include "operators/control/dag_run.h"

#include "tests/operators/fake_context.h"

namespace millrace::operators {
namespace {

const Catalog kRuns = Catalog::of<DagRun>();

Json with_dag(Json more = Json::object()) {
  Json out = Json::object({{"dag", "train"}, {"params", Json::object({{"month", 2}})}});
  for (const auto& [name, value] : more.members()) out.set(name, value);
  return out;
}

/// The second call, after the run has ended.
Result<Outcome> after_run(const char* state, Json more = Json::object()) {
  FakeContext ctx;
  Json child = Json::object({{"run", "r1"}, {"state", state}});
  if (std::string_view(state) == "success") child.set("outputs", Json::object({{"auc", 0.9}}));
  if (std::string_view(state) == "failed") child.set("error", "task 'fit': no rows");
  ctx.info.checkpoint = Json::object({{"child", child}});
  return kRuns.run("dag.run", with_dag(std::move(more)), ctx);
}

TEST(DagRun, StartsARunAndWaitsForItsEnd) {
  FakeContext ctx;
  const auto defer = expect_outcome<Defer>(kRuns.run("dag.run", with_dag(), ctx));
  ASSERT_EQ(defer.effects.size(), 1u);
  const auto& start = std::get<StartRun>(defer.effects[0]);
  EXPECT_EQ(start.dag, "train");
  EXPECT_EQ(start.params.dump(), R"({"month":2})");
  EXPECT_TRUE(start.wait);
  EXPECT_FALSE(start.run);
  EXPECT_EQ(defer.waiting_for, "the end of a run of DAG 'train'");
}

TEST(DagRun, WithoutWaitIsDoneAtOnce) {
  FakeContext ctx;
  const auto done =
      expect_outcome<Done>(kRuns.run("dag.run", with_dag(Json::object({{"wait", false}})), ctx));
  EXPECT_FALSE(std::get<StartRun>(done.effects.at(0)).wait);
}

TEST(DagRun, HandsOnTheOutputsOfTheRun) {
  EXPECT_EQ(expect_outcome<Done>(after_run("success")).outputs.dump(),
            R"({"auc":0.9,"run_id":"r1","state":"success"})");
}

TEST(DagRun, FailsWithItsRunAndSaysWhy) {
  const auto failed = expect_outcome<Fail>(after_run("failed"));
  EXPECT_EQ(failed.error.message, "run r1 of DAG 'train' failed: task 'fit': no rows");
  EXPECT_EQ(failed.outputs.dump(), R"({"run_id":"r1","state":"failed"})");
  EXPECT_EQ(expect_outcome<Fail>(after_run("cancelled")).error.message,
            "run r1 of DAG 'train' was cancelled");
}

TEST(DagRun, IgnoresAFailureIfItIsToldTo) {
  const auto done =
      expect_outcome<Done>(after_run("failed", Json::object({{"on_failure", "ignore"}})));
  EXPECT_EQ(done.outputs["state"].as_view(), "failed");
}

}  // namespace
}  // namespace millrace::operators
