// Deadlines, cancellation, memory.
#include "tests/exec/pool_fixture.h"

namespace millrace::test {
namespace {

using RunnerLimit = PoolTest;

TEST_F(RunnerLimit, AnAttemptBeyondItsDeadlineIsKilled) {
  auto start = attempt("hang");
  start.timeout = 300ms;
  const auto outcome = run(start);
  ASSERT_FALSE(outcome.ok());
  EXPECT_EQ(outcome.error().code, ErrorCode::timeout);
  EXPECT_EQ(outcome.error().message, "ran longer than its timeout of 300ms and was killed");
  EXPECT_EQ(log_of(start), "hanging\n");
}

TEST_F(RunnerLimit, ACancelledAttemptMayEndByItself) {
  config_.cancel_grace = kPatience;
  const auto file = root_ / "started";
  const auto start = attempt("hang", Json::object({{"polite", true}, {"started", file.string()}}));
  pool().start({start});
  text_of(file);
  pool().cancel(start.key);
  EXPECT_EQ(wait(start.key).error().code, ErrorCode::cancelled);
  EXPECT_EQ(log_of(start), "hanging\nleaving\n");
}

TEST_F(RunnerLimit, AnAttemptThatWaitsForSomethingElseIsToldOfItsCancellation) {
  config_.cancel_grace = kPatience;
  const auto file = root_ / "started";
  const auto start = attempt("sleep", Json::object({{"started", file.string()}}));
  pool().start({start});
  text_of(file);
  pool().cancel(start.key);
  EXPECT_EQ(wait(start.key).error().code, ErrorCode::cancelled);
  EXPECT_EQ(log_of(start), "told\ntold again\n");
}

TEST_F(RunnerLimit, ACancelledAttemptThatStaysIsKilled) {
  config_.cancel_grace = 100ms;
  const auto file = root_ / "started";
  const auto start = attempt("hang", Json::object({{"started", file.string()}}));
  pool().start({start});
  const int pid = std::stoi(text_of(file));
  pool().cancel(start.key);
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
  pool().cancel(second.key);
  EXPECT_EQ(wait(second.key).error().code, ErrorCode::cancelled);
  EXPECT_FALSE(reported(first.key));
}

TEST_F(RunnerLimit, CancellingWhatIsUnknownDoesNothing) {
  pool().cancel(attempt("echo", Json::object(), 77).key);
  outputs(run(attempt("echo")));
}

TEST_F(RunnerLimit, AnAttemptBeyondItsMemoryIsRefusedByName) {
  auto start = attempt("allocate", Json::object({{"mib", 256}}));
  start.memory_limit_bytes = 64 << 20;
  const auto outcome = run(start);
  ASSERT_FALSE(outcome.ok());
  EXPECT_EQ(outcome.error().code, ErrorCode::resource_exhausted);
  EXPECT_EQ(outcome.error().message, "out of memory: the limit of the task is 64 MiB");
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
