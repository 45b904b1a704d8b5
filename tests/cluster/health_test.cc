// Each condition that a doctor should find, made for real on a database of its own.
#include "engine/cluster/health.h"

#include <algorithm>
#include <memory>

#include "engine/pg/pg_store.h"
#include "engine/pg/session.h"
#include "engine/store/command.h"
#include "engine/store/store.h"
#include "tests/pg/test_cluster.h"
#include "tests/store/conformance.h"

namespace millrace::testing {
namespace {

using std::chrono::hours;
using std::chrono::seconds;

class HealthTest : public ::testing::Test {
 protected:
  HealthFinding finding(const std::string& what) {
    const auto all = examine(*database_, *clock_, limits_);
    if (!all) return {what, false, "(no findings) " + all.error().to_string()};
    const auto found = std::ranges::find(*all, what, &HealthFinding::what);
    return found == all->end() ? HealthFinding{what, false, "(not among the findings)"} : *found;
  }
  void expect_bad(const std::string& what, const std::string& words) {
    const HealthFinding found = finding(what);
    EXPECT_FALSE(found.ok) << found.detail;
    EXPECT_NE(found.detail.find(words), std::string::npos) << found.detail;
  }
  void lead(Duration ttl) {
    ASSERT_TRUE(store_.stores().leadership.acquire(kMainShard, "engine 7", ttl).ok());
  }

  const std::string dsn_ = fresh_database();
  std::unique_ptr<Database> database_ = open_database(dsn_);
  PgStore store_{*database_};
  SystemClock system_;
  FakeClock set_;
  const Clock* clock_ = &system_;
  HealthLimits limits_;
};

TEST_F(HealthTest, FindsNothingWhereAllIsWell) {
  lead(seconds{30});
  const auto all = examine(*database_, system_);
  ASSERT_TRUE(all.ok()) << all.error().to_string();
  EXPECT_EQ(all->size(), 7u);
  for (const auto& found : *all) EXPECT_TRUE(found.ok) << found.what << ": " << found.detail;
  EXPECT_NE(finding("leader").detail.find("engine 7, epoch 1"), std::string::npos);
}

TEST_F(HealthTest, FindsADatabaseWithoutMillrace) {
  const auto empty = open_database(empty_database());
  const auto all = examine(*empty, system_);
  ASSERT_FALSE(all.ok());
  EXPECT_EQ(all.error().code, ErrorCode::not_found);
}

TEST_F(HealthTest, FindsALeaderThatDoesNotRenew) {
  lead(Duration{1});
  expect_bad("leader", "engine 7 has not renewed its lease");
}

TEST_F(HealthTest, FindsALeaseThatAClockSetBackMadeLong) {
  lead(hours{1});
  expect_bad("leader", "was set back");
}

TEST_F(HealthTest, FindsCommandsThatNobodyAnswers) {
  limits_.oldest_command = Duration::zero();
  EXPECT_TRUE(finding("inbox").ok);
  Command command = make_command(TriggerRun{.dag = "d"}, {});
  command.id = Uuid{1, 2};
  command.created_at = system_.now();
  ASSERT_TRUE(store_.stores().inbox.submit(command).ok());
  expect_bad("inbox", "no engine leads, or the leader does not get on");
}

TEST_F(HealthTest, FindsClocksThatDisagree) {
  clock_ = &set_;  // decades ago
  expect_bad("clocks", "ahead of this machine's");
}

// Runs of a wrong minute stand on top of every list for 40 days.
TEST_F(HealthTest, FindsRunsOfAClockThatWasWrong) {
  const std::string id = "millrace.first_id(now() + interval '40 days')";
  query(*database_,
        "INSERT INTO millrace.run (run, dag, namespace, version, type, params, "
        "trace_id, actor, reason, created_at, created_seq) VALUES (" +
            id + ", 'd', 'default', 'v', 'manual', '{}', 't', 'a', '', now(), 1)");
  expect_bad("history", "1 runs are dated in the future");
}

TEST_F(HealthTest, FindsAClockThatWentBack) {
  query(*database_, "UPDATE millrace.history_clock SET seen = now() + interval '40 days'");
  expect_bad("history", "PostgreSQL's clock is 40d behind");
}

TEST_F(HealthTest, SaysForHowLongNoHistoryIsDropped) {
  query(*database_, "UPDATE millrace.history_clock SET agreed = 23 * 3600000000");
  EXPECT_TRUE(finding("history").ok);
  EXPECT_NE(finding("history").detail.find("another 1h"), std::string::npos)
      << finding("history").detail;
}

TEST_F(HealthTest, ACommitIsTried) {
  EXPECT_TRUE(database_->check_commits().ok());
  EXPECT_FALSE(database_->had_no_room());
  // As a server whose disk is full answers.
  const Status full = database_->run<void>([](pg::Session& session) -> Status {
    session.exec_script("DO $$ BEGIN RAISE EXCEPTION 'no room' USING ERRCODE = '53100'; END $$");
    return {};
  });
  EXPECT_CODE(ErrorCode::unavailable, full);
  EXPECT_TRUE(database_->had_no_room());
  EXPECT_CODE(ErrorCode::unavailable, database_->check_commits());
}

TEST_F(HealthTest, FindsConnectionsThatRunOut) {
  limits_.connections_in_use = 0;
  expect_bad("connections", "in use, most of them by '");
}

TEST_F(HealthTest, FindsATransactionThatPinsTheHorizon) {
  limits_.oldest_transaction = Duration::zero();
  const auto other = open_database(dsn_);
  const auto pinned = other->run<void>([&](pg::Session& session) -> Status {
    session.transaction([&] {
      session.exec_script("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ; SELECT 1");
      expect_bad("transactions", "SELECT pg_terminate_backend(");
    });
    return {};
  });
  EXPECT_TRUE(pinned.ok());
}

TEST_F(HealthTest, FindsAServerThatMayLoseWhatItConfirmed) {
  query(*database_, "ALTER ROLE CURRENT_USER IN DATABASE " +
                        query(*database_, "SELECT quote_ident(current_database())") +
                        " SET synchronous_commit = off");
  database_ = open_database(dsn_);
  expect_bad("server", "synchronous_commit is off");
}

TEST_F(HealthTest, FindsAServerThatTakesNoWrites) {
  query(*database_, "ALTER DATABASE " +
                        query(*database_, "SELECT quote_ident(current_database())") +
                        " SET default_transaction_read_only = on");
  database_ = open_database(dsn_);
  expect_bad("server", "it takes no writes");
}

}  // namespace
}  // namespace millrace::testing
