// examples/sensor: a task that waits for a file, in an engine that is killed meanwhile.
#include <gtest/gtest.h>
#include <signal.h>

#include <cmath>
#include <filesystem>
#include <optional>

#include "engine/base/file.h"
#include "engine/base/time.h"
#include "tests/e2e/program.h"

namespace millrace::e2e {
namespace {

namespace fs = std::filesystem;

class SensorExample : public ::testing::Test {
 protected:
  SensorExample() {
    fs::copy(MILLRACE_SOURCE_DIR "/examples/sensor", dags());
    fs::create_directories(dags() / "incoming");
    start();
  }
  fs::path dags() const { return folder_.path() / "dags"; }
  void start() {
    up_.emplace(folder_.path() / "state", dags());
    ASSERT_TRUE(eventually([&] { return up_->get("/dags/daily_delivery")["dag"].is_object(); }));
  }
  void kill_and_start_again() {
    up_->program().signal(SIGKILL);
    up_.reset();
    start();
  }
  Finished millrace_of_engine(std::vector<std::string> words) {
    words.insert(words.begin(), {"--state", up_->state().string()});
    return millrace(std::move(words));
  }
  void trigger(const std::string& patience) {
    const auto answer = Json::parse(
        millrace_of_engine({"trigger", "daily_delivery", "-p", "patience=" + patience, "--json"})
            .out);
    ASSERT_TRUE(answer.ok());
    run_ = (*answer)["run"].as_string();
  }
  Json run() const { return up_->get("/runs/" + run_); }
  Json delivery() const { return up_->get("/runs/" + run_ + "/tasks/delivery"); }
  void await_looks(int looks) {
    ASSERT_TRUE(eventually([&] { return delivery()["checkpoint"]["looks"].as_int() >= looks; }))
        << delivery().dump();
  }
  void deliver() {
    ASSERT_TRUE(write_file_atomic(dags() / "incoming/orders-2026-03-01.csv",
                                  "order,amount\n1,20.50\n2,21.50\n")
                    .ok());
  }

  const TempFolder folder_;
  std::optional<Up> up_;
  std::string run_;
};

TEST_F(SensorExample, WaitsOnThoughTheEngineIsKilledUntilTheFileIsDelivered) {
  trigger("1h");
  await_looks(2);
  const Json before = delivery();
  EXPECT_EQ(before["waiting_for"], Json("the file 'incoming/orders-2026-03-01.csv'"));
  ASSERT_TRUE(before["waiting_since"].is_string());
  kill_and_start_again();
  await_looks(static_cast<int>(before["checkpoint"]["looks"].as_int()) + 1);
  EXPECT_EQ(delivery()["waiting_since"], before["waiting_since"]);
  const std::string shown = millrace_of_engine({"show", run_}).out;
  EXPECT_NE(shown.find("delivery waits for the file 'incoming/orders-2026-03-01.csv' since "),
            std::string::npos)
      << shown;
  deliver();
  ASSERT_TRUE(eventually([&] { return run()["status"] == Json("success"); })) << run().dump();
  EXPECT_EQ(run()["outputs"]["total"], Json(42));
  EXPECT_EQ(delivery()["waiting_for"], Json(""));
}

// Time without an engine counts as well.
TEST_F(SensorExample, ItsPatienceCountsFromTheFirstLook) {
  trigger("6s");
  await_looks(3);
  const auto since = parse_rfc3339(delivery()["waiting_since"].as_view());
  ASSERT_TRUE(since.ok());
  kill_and_start_again();
  ASSERT_TRUE(eventually([&] { return run()["status"] == Json("failed"); })) << run().dump();
  const Json failed = delivery();
  const auto end = parse_rfc3339(failed["ended_at"].as_view());
  ASSERT_TRUE(end.ok());
  const double whole = std::chrono::duration<double>(*end - *since).count();
  EXPECT_NEAR(failed["outputs"]["waited"].as_double(), whole, 1.0) << failed.dump();
  EXPECT_GE(failed["outputs"]["waited"].as_double(), 6);
  EXPECT_NE(failed["error"].as_view().find("the last answer: no file matches"),
            std::string_view::npos)
      << failed.dump();
}

}  // namespace
}  // namespace millrace::e2e
