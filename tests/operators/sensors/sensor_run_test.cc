#include "operators/sensors/sensor_run.h"

#include <gtest/gtest.h>

#include "tests/operators/fake_context.h"

namespace millrace::operators {
namespace {

class SensorRunTest : public ::testing::Test {
 protected:
  SensorRunTest() {
    ctx_.info.has_interval = true;
    ctx_.info.logical_date = *parse_rfc3339("2001-02-01T00:00:00Z");
    ctx_.answer<RunOfDateQuery>([this](const RunOfDateQuery& query) {
      asked_ = query;
      return answer_;
    });
  }
  Result<Outcome> look(Json with = Json::object()) {
    with.set("dag", "sales");
    return Catalog::of<SensorRun>().run("sensor.run", with, ctx_);
  }
  std::string answer() { return expect_outcome<Defer>(look()).checkpoint["answer"].as_string(); }

  FakeContext ctx_;
  RunOfDateQuery asked_;
  RunOfDateQuery::Answer answer_{.run = "r7", .state = "success"};
};

TEST_F(SensorRunTest, FindsTheRunOfItsOwnDateThatSucceeded) {
  answer_.outputs = Json::object({{"rows", 3}});
  const Done done = expect_outcome<Done>(look());
  EXPECT_EQ(asked_.dag, "sales");
  EXPECT_EQ(asked_.logical_date, ctx_.info.logical_date);
  EXPECT_EQ(done.outputs["run_id"], Json("r7"));
  EXPECT_EQ(done.outputs["state"], Json("success"));
  EXPECT_EQ(done.outputs["outputs"]["rows"], Json(3));
}

TEST_F(SensorRunTest, WaitsForARunThatHasNotEndedAndLooksWhenItEnds) {
  answer_.state = "running";
  const Defer defer = expect_outcome<Defer>(look());
  EXPECT_EQ(defer.waiting_for, "the run of DAG 'sales' for 2001-02-01T00:00:00Z");
  EXPECT_EQ(defer.event, "run/sales/2001-02-01T00:00:00Z");
  EXPECT_EQ(defer.checkpoint["answer"], Json("run r7 is running"));
}

TEST_F(SensorRunTest, WaitsForARunThatIsNotCreatedYet) {
  answer_ = {};
  EXPECT_EQ(answer(), "there is no run of this date yet");
  answer_.dag_exists = false;
  EXPECT_EQ(answer(), "there is no DAG 'sales' in the namespace");
}

TEST_F(SensorRunTest, TakesAnotherDate) {
  expect_outcome<Done>(look(Json::object({{"logical_date", "2001-01-31"}})));
  EXPECT_EQ(format_rfc3339(asked_.logical_date), "2001-01-31T00:00:00Z");
}

TEST_F(SensorRunTest, FailsAtOnceIfTheRunFailed) {
  answer_.state = "failed";
  const Fail fail = expect_outcome<Fail>(look());
  EXPECT_EQ(fail.error.message, "run r7 is failed");
  EXPECT_EQ(fail.outputs["run_id"], Json("r7"));
}

TEST_F(SensorRunTest, WaitsUntilAFailedRunIsRepeatedIfAskedTo) {
  answer_.state = "cancelled";
  expect_outcome<Defer>(look(Json::object({{"on_failed", "wait"}})));
}

TEST_F(SensorRunTest, TakesOtherEndsAsWell) {
  answer_.state = "failed";
  const Json with = Json::object({{"states", Json::array({"success", "failed"})}});
  EXPECT_EQ(expect_outcome<Done>(look(with)).outputs["state"], Json("failed"));
}

TEST_F(SensorRunTest, NeedsADateInARunWithoutOne) {
  ctx_.info.has_interval = false;
  EXPECT_EQ(look().error().message,
            "this run has no logical date; set 'logical_date' to that of the run to wait for");
}

TEST_F(SensorRunTest, DoesNotWaitForItself) {
  answer_ = {.run = ctx_.info.run_id, .state = "running"};
  EXPECT_EQ(look().error().code, ErrorCode::invalid_argument);
}

}  // namespace
}  // namespace millrace::operators
