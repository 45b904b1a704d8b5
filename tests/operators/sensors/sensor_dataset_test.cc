#include "operators/sensors/sensor_dataset.h"

#include <gtest/gtest.h>

#include "engine/op/query.h"
#include "tests/operators/fake_context.h"

namespace millrace::operators {
namespace {

class SensorDatasetTest : public ::testing::Test {
 protected:
  SensorDatasetTest() {
    ctx_.info.has_interval = true;
    ctx_.info.data_interval_start = *parse_rfc3339("2001-02-01T00:00:00Z");
    ctx_.answer<DatasetQuery>([this](const DatasetQuery&) -> Result<DatasetQuery::Answer> {
      if (!updated_) return not_found("no such dataset");
      return DatasetQuery::Answer{"orders", std::string(64, 'a'), 7, *updated_};
    });
  }
  Result<Outcome> look(Json with = Json::object()) {
    with.set("dataset", "orders");
    return Catalog::of<SensorDataset>().run("sensor.dataset", with, ctx_);
  }

  FakeContext ctx_;
  std::optional<Time> updated_;
};

TEST_F(SensorDatasetTest, WaitsForTheFirstUpdate) {
  const Defer defer = expect_outcome<Defer>(look());
  EXPECT_EQ(defer.waiting_for, "an update of dataset 'orders'");
  EXPECT_EQ(defer.event, "dataset/orders");
  EXPECT_EQ(defer.checkpoint["answer"], Json("it was never updated"));
}

TEST_F(SensorDatasetTest, FindsAnUpdateSinceTheStartOfTheDataInterval) {
  updated_ = *parse_rfc3339("2001-01-31T23:59:59Z");
  expect_outcome<Defer>(look());
  updated_ = ctx_.info.data_interval_start;
  const Done done = expect_outcome<Done>(look());
  EXPECT_EQ(done.outputs["rows"], Json(7));
  EXPECT_EQ(done.outputs["artifact"], Json(std::string(64, 'a')));
  EXPECT_EQ(done.outputs["updated_at"], Json("2001-02-01T00:00:00Z"));
}

TEST_F(SensorDatasetTest, TakesAnotherTime) {
  updated_ = *parse_rfc3339("2001-01-15T00:00:00Z");
  expect_outcome<Done>(look(Json::object({{"since", "2001-01-01"}})));
}

TEST_F(SensorDatasetTest, WithoutADataIntervalAnUpdateAfterTheFirstLookCounts) {
  ctx_.info.has_interval = false;
  const Time first = ctx_.time;
  updated_ = first - std::chrono::seconds{1};
  ctx_.info.checkpoint = expect_outcome<Defer>(look()).checkpoint;
  ctx_.time += std::chrono::seconds{30};
  updated_ = first + std::chrono::seconds{10};
  expect_outcome<Done>(look());
}

}  // namespace
}  // namespace millrace::operators
