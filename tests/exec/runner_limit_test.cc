// Deadlines, cancellation, memory.
#include "tests/exec/pool_fixture.h"

namespace millrace::test {
namespace {

using RunnerLimit = PoolTest;

TEST_F(RunnerLimit, AnAttemptBeyondItsDeadlineIsKilled) {
  auto start = attempt("hang");
  start.timeout = 300ms;
  start.grace = 50ms;
  const auto outcome = run(start);
  ASSERT_FALSE(outcome.ok());
  EXPECT_EQ(outcome.error().code, ErrorCode::timeout);
  EXPECT_EQ(outcome.error().message, "ran longer than its timeout of 300ms and was ended");
  EXPECT_EQ(log_of(start), "hanging\n");
}

TEST_F(RunnerLimit, ACancelledAttemptMayEndByItself) {
  const auto file = root_ / "started";
  auto start = attempt("hang", Json::object({{"polite", true}, {"started", file.string()}}));
  start.grace = kPatience;
  pool().start({start});
  text_of(file);
  pool().cancel(start.key, false);
  EXPECT_EQ(wait(start.key).error().code, ErrorCode::cancelled);
  EXPECT_EQ(log_of(start), "hanging\nleaving\n");
}

TEST_F(RunnerLimit, AnAttemptThatWaitsForSomethingElseIsToldOfItsCancellation) {
  const auto file = root_ / "started";
  auto start = attempt("sleep", Json::object({{"started", file.string()}}));
  start.grace = kPatience;
  pool().start({start});
  text_of(file);
  pool().cancel(start.key, false);
  EXPECT_EQ(wait(start.key).error().code, ErrorCode::cancelled);
  EXPECT_EQ(log_of(start), "told\ntold again\n");
}

TEST_F(RunnerLimit, ACancelledAttemptThatStaysIsKilled) {
  const auto file = root_ / "started";
  auto start = attempt("hang", Json::object({{"started", file.string()}}));
  start.grace = 100ms;
  pool().start({start});
  const int pid = std::stoi(text_of(file));
  pool().cancel(start.key, false);
  EXPECT_EQ(wait(start.key).error().code, ErrorCode::cancelled);
  EXPECT_TRUE(ended(pid));
}

TEST_F(RunnerLimit, AnAttemptThatWaitsIsCancelledAtOnce) {
  config_.slots = 1;
  const auto file = root_ / "started";
  const auto first = attempt("hang", Json::object({{"started", file.string()}}));
  const auto second = attempt("echo", Json::object(), 1);
  pool().start({first, second});
  text_of(file);
  pool().cancel(second.key, false);
  EXPECT_EQ(wait(second.key).error().code, ErrorCode::cancelled);
  EXPECT_FALSE(reported(first.key));
}

TEST_F(RunnerLimit, CancellingWhatIsUnknownDoesNothing) {
  pool().cancel(attempt("echo", Json::object(), 77).key, false);
  outputs(run(attempt("echo")));
}

TEST_F(RunnerLimit, AnAttemptBeyondItsMemoryIsRefusedByName) {
  auto start = attempt("allocate", Json::object({{"mib", 256}}));
  start.memory_limit_bytes = 64 << 20;
  const auto outcome = run(start);
  ASSERT_FALSE(outcome.ok());
  EXPECT_EQ(outcome.error().code, ErrorCode::resource_exhausted);
  EXPECT_EQ(outcome.error().message, "out of memory: the limit of the task is 64 MiB");
  EXPECT_TRUE(outcome.error().out_of_memory);
}

// Each of the six is within the limit.
TEST_F(RunnerLimit, TheMemoryOfAnAttemptIsTheSumOverItsProcesses) {
  auto start = attempt("family", Json::object({{"children", 6}, {"mib", 40}}));
  start.memory_limit_bytes = 100 << 20;
  const auto outcome = run(start);
  ASSERT_FALSE(outcome.ok());
  EXPECT_EQ(outcome.error().code, ErrorCode::resource_exhausted);
  EXPECT_TRUE(outcome.error().message.starts_with(
      "out of memory: the limit of the task is 100 MiB, and its processes used "))
      << outcome.error().message;
}

TEST_F(RunnerLimit, AMemoryLimitEndsWithItsAttempt) {
  config_.slots = 1;
  auto within = attempt("allocate", Json::object({{"mib", 8}}));
  within.memory_limit_bytes = 64 << 20;
  outputs(run(within));
  outputs(run(attempt("allocate", Json::object({{"mib", 256}}), 1)));
}

}  // namespace
}  // namespace millrace::test
