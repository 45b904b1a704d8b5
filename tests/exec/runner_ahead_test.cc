// Attempts that a runner is given before it is done with the one before: they are neither lost nor
// begun twice, whatever happens to that one, and never held up by it.
#include <map>

#include "tests/exec/pool_fixture.h"

namespace millrace::test {
namespace {

class AheadTest : public PoolTest {
 protected:
  AheadTest() { config_.slots = 1; }

  std::vector<StartAttempt> start_behind(StartAttempt first, int echoes) {
    std::vector<StartAttempt> all = {std::move(first)};
    for (int i = 1; i <= echoes; ++i) all.push_back(attempt("echo", Json::object(), i));
    pool().start(all);
    return all;
  }
};

TEST_F(AheadTest, AnAttemptDoesNotStayBehindALongOne) {
  config_.slots = 2;
  const auto all = start_behind(attempt("hang", Json::object({{"polite", true}})), 20);
  for (std::size_t i = 1; i < all.size(); ++i) outputs(wait(all[i].key));
  EXPECT_FALSE(reported(all[0].key));
  pool().cancel(all[0].key, false);
  EXPECT_EQ(wait(all[0].key).error().code, ErrorCode::cancelled);
}

TEST_F(AheadTest, IsCancelledWithoutHavingBegun) {
  const std::string started = root_ / "started";
  const auto all =
      start_behind(attempt("hang", Json::object({{"polite", true}, {"started", started}})), 1);
  text_of(started);
  pool().cancel(all[1].key, false);
  const auto outcome = wait(all[1].key);
  ASSERT_FALSE(outcome.ok());
  EXPECT_EQ(outcome.error().code, ErrorCode::cancelled);
  EXPECT_FALSE(reported(all[0].key));
  pool().cancel(all[0].key, false);
  EXPECT_EQ(wait(all[0].key).error().code, ErrorCode::cancelled);
}

TEST_F(AheadTest, OutlivesTheRunnersDeath) {
  std::vector<StartAttempt> all;
  for (int i = 0; i < 10; ++i)
    all.push_back(i % 2 == 0 ? attempt("die", Json::object({{"how", "kill"}}), i)
                             : attempt("echo", Json::object(), i));
  pool().start(all);
  for (int i = 0; i < 10; ++i) {
    const auto outcome = wait(all[static_cast<std::size_t>(i)].key);
    EXPECT_EQ(outcome.ok(), i % 2 == 1) << i;
  }
}

TEST_F(AheadTest, OutlivesTheTimeoutOfTheOneBefore) {
  auto hang = attempt("hang");
  hang.grace = 0ms;
  hang.timeout = 30ms;
  const auto all = start_behind(hang, 3);
  EXPECT_EQ(wait(all[0].key).error().code, ErrorCode::timeout);
  for (std::size_t i = 1; i < all.size(); ++i) outputs(wait(all[i].key));
}

TEST_F(AheadTest, IsNotBegunByARunnerThatIsOutOfMemory) {
  auto greedy = attempt("allocate", Json::object({{"mib", 512}}));
  greedy.memory_limit_bytes = std::int64_t{64} << 20;
  const auto all = start_behind(greedy, 3);
  EXPECT_EQ(wait(all[0].key).error().code, ErrorCode::resource_exhausted);
  for (std::size_t i = 1; i < all.size(); ++i) outputs(wait(all[i].key));
}

TEST_F(AheadTest, ARunnerIsReplacedBetweenTwoAttempts) {
  config_.attempts_per_runner = 5;
  const auto all = start_behind(attempt("echo"), 39);
  std::map<std::int64_t, int> attempts_of_pid;
  for (const auto& start : all) ++attempts_of_pid[outputs(wait(start.key))["pid"].as_int()];
  // Five, and perhaps one that had been given ahead.
  for (const auto& [pid, attempts] : attempts_of_pid) EXPECT_LE(attempts, 6) << pid;
}

TEST_F(AheadTest, AnAttemptThatPrintsIsToldFromTheNext) {
  std::vector<StartAttempt> all;
  for (int i = 0; i < 200; ++i)
    all.push_back(attempt("print", Json::object({{"text", std::to_string(i)}}), i));
  pool().start(all);
  for (int i = 0; i < 200; ++i) {
    const auto& start = all[static_cast<std::size_t>(i)];
    outputs(wait(start.key));
    const std::string n = std::to_string(i);
    EXPECT_EQ(log_of(start), "out " + n + "\nlog " + n + "\nerr " + n + "\n");
  }
}

}  // namespace
}  // namespace millrace::test
