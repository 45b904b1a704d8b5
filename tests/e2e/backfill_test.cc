// Backfills in the real engine: from the command line, through the death of an engine.
#include <gtest/gtest.h>
#include <signal.h>

#include <map>
#include <memory>

#include "engine/base/error.h"
#include "engine/base/file.h"
#include "tests/e2e/program.h"

namespace millrace::e2e {
namespace {

namespace fs = std::filesystem;

class BackfillProgram : public testing::Test {
 protected:
  fs::path dags() const { return folder_.path() / "dags"; }
  void start(const std::string& dag) {
    up_ = std::make_unique<Up>(folder_.path() / "state", dags());
    ASSERT_TRUE(
        eventually([&] { return up_->get("/dags/" + dag)["dag"]["dag"].as_view() == dag; }));
  }
  Finished backfill(std::vector<std::string> words) {
    words.insert(words.begin(), {"--state", (folder_.path() / "state").string(), "backfill"});
    return millrace(std::move(words));
  }
  /// The newest backfill, with its dates.
  Json newest() {
    const Json listed = up_->get("/backfills?limit=1");
    return up_->get("/backfills/" + listed["backfills"].at(0)["backfill"].as_string());
  }

  TempFolder folder_;
  std::unique_ptr<Up> up_;
};

// Two runs wait for the gate when the engine is killed. The third date fails as long as its file
// is there.
TEST_F(BackfillProgram, EachDateGetsOneRunThoughTheEngineIsKilled) {
  fs::create_directories(dags());
  ASSERT_TRUE(write_file_atomic(dags() / "2001-02-03.bad", "").ok());
  ASSERT_TRUE(write_file_atomic(dags() / "daily.yaml",
                                "dag: daily\nschedule: {cron: \"0 0 * * *\"}\nmax_active_runs: 1\n"
                                "tasks:\n  work:\n    operator: command\n    retries: {max: 0}\n"
                                "    with:\n"
                                "      env: {DAY: \"${{ date(run.logical_date, '%Y-%m-%d') }}\"}\n"
                                "      run: |\n"
                                "        cd \"$MILLRACE_DAG_DIR\"\n"
                                "        while [ ! -e gate ]; do sleep 0.05; done\n"
                                "        [ ! -e \"$DAY.bad\" ]\n")
                  .ok());
  start("daily");
  const std::vector<std::string> range = {"create",     "daily", "--from",
                                          "2001-02-01", "--to",  "2001-02-05"};
  const auto with = [&](std::vector<std::string> more) {
    more.insert(more.begin(), range.begin(), range.end());
    return more;
  };
  const Finished plan = backfill(with({"--dry-run"}));
  EXPECT_EQ(plan.exit_code, 0) << plan.out;
  EXPECT_TRUE(plan.out.ends_with("dates that would run: 5; skipped: 0\n")) << plan.out;
  EXPECT_EQ(up_->get("/backfills")["backfills"].size(), 0u);

  const Finished made = backfill(with({"--max-active-runs", "2", "--idempotency-key", "once"}));
  EXPECT_EQ(made.exit_code, 0) << made.out;
  EXPECT_EQ(backfill(with({"--max-active-runs", "2", "--idempotency-key", "once"})).out, made.out);
  ASSERT_TRUE(eventually([&] { return up_->get("/runs?status=running")["runs"].size() == 2; }));
  up_->program().signal(SIGKILL);
  up_.reset();
  start("daily");
  ASSERT_TRUE(write_file_atomic(dags() / "gate", "").ok());
  ASSERT_TRUE(eventually([&] { return newest()["backfill"]["state"].as_view() == "completed"; }))
      << newest().dump() << up_->program().end_of_output(2000);

  const Json done = newest();
  EXPECT_EQ(done["backfill"]["success"].as_int(), 4) << done.dump();
  EXPECT_EQ(done["backfill"]["failed"].as_int(), 1) << done.dump();
  std::map<std::string, int> runs_of;
  const Json listed = up_->get("/runs?dag=daily");
  for (const auto& run : listed["runs"].items())
    ++runs_of[run["logical_date"].as_string().substr(0, 10)];
  EXPECT_EQ(runs_of, (std::map<std::string, int>{{"2001-02-01", 1},
                                                 {"2001-02-02", 1},
                                                 {"2001-02-03", 1},
                                                 {"2001-02-04", 1},
                                                 {"2001-02-05", 1}}));

  const Finished nothing = backfill(range);
  EXPECT_EQ(nothing.exit_code, traits(ErrorCode::invalid_argument).exit_code) << nothing.out;
  EXPECT_NE(nothing.out.find("no date needs a run"), std::string::npos) << nothing.out;
  fs::remove(dags() / "2001-02-03.bad");
  const Finished again = backfill(with({"--reprocess", "failed", "--wait"}));
  EXPECT_EQ(again.exit_code, 0) << again.out;
  EXPECT_TRUE(again.out.ends_with("completed: 1 of 1 dates have ended: 1 success\n")) << again.out;
}

TEST_F(BackfillProgram, APausedOneIsResumedAndACancelledOneEnds) {
  fs::create_directories(dags());
  ASSERT_TRUE(write_file_atomic(dags() / "hourly.yaml",
                                "dag: hourly\nschedule: {cron: \"0 * * * *\"}\ntasks:\n  work:\n"
                                "    operator: command\n    kill_grace: 1s\n    with:\n"
                                "      run: sleep 3600\n")
                  .ok());
  start("hourly");
  const Finished made = backfill({"create", "hourly", "--from", "2001-02-01", "--to", "2001-02-01",
                                  "--order", "newest_first", "--max-active-runs", "1"});
  ASSERT_EQ(made.exit_code, 0) << made.out;
  const std::string id = made.out.substr(9, 36);
  ASSERT_TRUE(eventually([&] { return newest()["backfill"]["running"].as_int() == 1; }));
  EXPECT_EQ(newest()["dates"].at(0)["logical_date"].as_view(), "2001-02-01T23:00:00Z");
  EXPECT_EQ(backfill({"pause", id, "--reason", "lunch"}).exit_code, 0);
  EXPECT_EQ(newest()["backfill"]["state"].as_view(), "paused");
  const Finished shown = backfill({"show", id});
  EXPECT_NE(shown.out.find("lunch\n0 of 24 dates have ended; 1 running, 23 waiting\n"),
            std::string::npos)
      << shown.out;
  EXPECT_EQ(backfill({"resume", id}).exit_code, 0);
  EXPECT_EQ(newest()["backfill"]["state"].as_view(), "running");
  EXPECT_EQ(backfill({"cancel", id}).exit_code, 0);
  ASSERT_TRUE(eventually([&] { return newest()["backfill"]["state"].as_view() == "cancelled"; }));
  EXPECT_EQ(newest()["backfill"]["cancelled"].as_int(), 24);
  EXPECT_EQ(backfill({"cancel", id}).exit_code, traits(ErrorCode::conflict).exit_code);
  EXPECT_NE(backfill({"list", "hourly"}).out.find(id), std::string::npos);
}

// examples/backfill: the orders of 2026-03-03 are missing.
TEST_F(BackfillProgram, TheExampleRunsAllDaysOfWhichItHasOrders) {
  fs::copy(MILLRACE_SOURCE_DIR "/examples/backfill", dags(), fs::copy_options::recursive);
  start("daily_orders");
  const std::vector<std::string> range = {"create", "daily_orders", "--from", "2026-03-01",
                                          "--to",   "2026-03-05",   "--wait"};
  const Finished first = backfill(range);
  EXPECT_EQ(first.exit_code, 1) << first.out;
  EXPECT_TRUE(first.out.ends_with("completed: 5 of 5 dates have ended: 4 success, 1 failed\n"))
      << first.out;
  EXPECT_EQ(read_file(dags() / "out/2026-03-01.csv", 1 << 10).value_or(""),
            "product,orders,amount\ndesk,1,120.0\nlamp,2,60.0\n");

  ASSERT_TRUE(
      write_file_atomic(dags() / "data/2026-03-03.csv", "order_id,product,amount\n7,lamp,30.0\n")
          .ok());
  auto failed = range;
  failed.insert(failed.end(), {"--reprocess", "failed"});
  const Finished second = backfill(failed);
  EXPECT_EQ(second.exit_code, 0) << second.out << up_->program().end_of_output(2000);
}

}  // namespace
}  // namespace millrace::e2e
