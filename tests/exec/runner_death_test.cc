// Runners that die, stop, or leave something behind; engines that die.
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

#include "tests/exec/pool_fixture.h"

namespace millrace::test {
namespace {

class RunnerDeath : public PoolTest {
 protected:
  Error error_of(std::string how, int task = 0) {
    const auto outcome = run(attempt("die", Json::object({{"how", how}}), task));
    return outcome ? internal_error("it ended well") : outcome.error();
  }
};

TEST_F(RunnerDeath, IsATransientErrorThatNamesTheSignal) {
  const Error error = error_of("kill");
  EXPECT_EQ(error.code, ErrorCode::unavailable);
  EXPECT_TRUE(error.transient());
  EXPECT_EQ(error.message, "runner died: signal 9 (Killed)");
  EXPECT_EQ(error.signal, 9);
  EXPECT_EQ(error_of("abort", 1).message, "runner died: signal 6 (Aborted)");
  const Error left = error_of("exit", 2);
  EXPECT_EQ(left.message, "runner died: exit code 3");
  EXPECT_EQ(left.exit_code, 3);
}

TEST_F(RunnerDeath, CostsTheTaskARetryOnlyIfItCrashedByItself) {
  const auto is_lost = [this](std::string how, int task) {
    const auto start = attempt("die", Json::object({{"how", std::move(how)}}), task);
    EXPECT_FALSE(run(start).ok());
    return lost(start.key);
  };
  EXPECT_TRUE(is_lost("kill", 0));
  EXPECT_FALSE(is_lost("abort", 1));
  EXPECT_FALSE(is_lost("exit", 2));
  auto hang = attempt("hang", Json::object(), 3);
  hang.grace = 0ms;
  hang.timeout = 20ms;  // we kill it
  EXPECT_FALSE(run(hang).ok());
  EXPECT_FALSE(lost(hang.key));
}

TEST_F(RunnerDeath, KeepsWhatWasPrintedBefore) {
  const auto start = attempt("die", Json::object({{"how", "kill"}}));
  EXPECT_FALSE(run(start).ok());
  EXPECT_EQ(log_of(start), "last words\n");
}

TEST_F(RunnerDeath, LeavesThePoolReadyForTheNext) {
  for (int i = 0; i < 5; ++i) {
    error_of("kill", 2 * i);
    outputs(run(attempt("echo", Json::object(), 2 * i + 1)));
  }
}

TEST_F(RunnerDeath, IsSeenAtOnceWhenItComesFromOutside) {
  const auto file = root_ / "started";
  const auto start = attempt("hang", Json::object({{"started", file.string()}}));
  pool().start({start});
  const int pid = std::stoi(text_of(file));
  const auto before = clock_.steady();
  kill(pid, SIGKILL);
  const auto outcome = wait(start.key);
  ASSERT_FALSE(outcome.ok());
  EXPECT_EQ(outcome.error().message, "runner died: signal 9 (Killed)");
  EXPECT_LT(clock_.steady() - before, 5s);  // a machine may be busy; no timer of ours is so short
}

TEST_F(RunnerDeath, OfAnIdleRunnerCostsNothing) {
  const auto pid = outputs(run(attempt("echo")))["pid"].as_int();
  kill(static_cast<pid_t>(pid), SIGKILL);
  ASSERT_TRUE(ended(static_cast<int>(pid)));
  const Json next = outputs(run(attempt("echo", Json::object(), 1)));
  EXPECT_NE(next["pid"].as_int(), pid);
}

TEST_F(RunnerDeath, AStoppedRunnerIsKilledAsHung) {
  config_.silence_limit = 3s;
  const Error error = error_of("stop");
  EXPECT_EQ(error.code, ErrorCode::unavailable);
  EXPECT_EQ(error.message, "the runner gave no sign of life for 3s and was killed");
  outputs(run(attempt("echo", Json::object(), 1)));
}

TEST_F(RunnerDeath, ARunnerThatTalksNonsenseIsKilled) {
  const Error error = error_of("garbage");
  EXPECT_EQ(error.code, ErrorCode::internal);
  outputs(run(attempt("echo", Json::object(), 1)));
}

TEST_F(RunnerDeath, RunnersThatNeverStartGiveTheAttemptBack) {
  config_.argv = {RUNNER_TEST_CHILD, "broken"};
  const auto outcome = run(attempt("echo"));
  ASSERT_FALSE(outcome.ok());
  EXPECT_EQ(outcome.error().message, "a runner ended before it was ready: exit code 4");
  EXPECT_TRUE(outcome.error().transient());
}

TEST_F(RunnerDeath, ARunnerThatIsNotThereGivesTheAttemptBack) {
  config_.argv = {"/nonexistent/millrace"};
  const auto outcome = run(attempt("echo"));
  ASSERT_FALSE(outcome.ok());
  EXPECT_EQ(outcome.error().message,
            "cannot start the runner '/nonexistent/millrace': No such file or directory");
}

TEST_F(RunnerDeath, ProcessesThatAnAttemptLeavesDieWithIt) {
  for (const bool own_session : {false, true}) {
    const auto file = root_ / (own_session ? "own" : "same");
    const auto start = attempt(
        "leave_child", Json::object({{"pid_file", file.string()}, {"own_session", own_session}}),
        own_session ? 1 : 0);
    outputs(run(start));
    EXPECT_TRUE(ended(std::stoi(text_of(file))));
  }
}

TEST_F(RunnerDeath, TakesItsChildrenAlong) {
  const auto file = root_ / "child";
  auto start =
      attempt("leave_child",
              Json::object({{"pid_file", file.string()}, {"own_session", true}, {"hang", true}}));
  pool().start({start});
  const int child = std::stoi(text_of(file));
  pool().cancel(start.key, false);
  EXPECT_EQ(wait(start.key).error().code, ErrorCode::cancelled);
  EXPECT_TRUE(ended(child));
}

TEST_F(RunnerDeath, OfTheEngineEndsRunnersAndTheirChildren) {
  for (const std::string mode : {"same_session", "own_session"}) {
    const std::string file = root_ / mode, work = root_ / "engine-work";
    std::vector<std::string> words = {RUNNER_TEST_CHILD, "engine", work, file, mode};
    std::vector<char*> argv;
    for (auto& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    pid_t engine = 0;
    ASSERT_EQ(posix_spawn(&engine, argv[0], nullptr, nullptr, argv.data(), environ), 0);
    const int child = std::stoi(text_of(file));
    kill(engine, SIGKILL);
    waitpid(engine, nullptr, 0);
    EXPECT_TRUE(ended(child)) << mode;
    reap_orphans();
  }
}

TEST_F(RunnerDeath, KillAllEndsEverythingAndReportsNothing) {
  const auto file = root_ / "started";
  const auto first = attempt("hang", Json::object({{"started", file.string()}}));
  std::vector<StartAttempt> all{first};
  for (int i = 1; i < 20; ++i) all.push_back(attempt("hang", Json::object(), i));
  pool().start(all);
  const int pid = std::stoi(text_of(file));
  pool().kill_all();
  EXPECT_FALSE(watch_process(pid)) << "the runner is still there";
  for (const auto& start : all) EXPECT_FALSE(reported(start.key));
  outputs(run(attempt("echo", Json::object(), 99)));  // and can be used again
  for (const auto& start : all) EXPECT_FALSE(reported(start.key));
}

}  // namespace
}  // namespace millrace::test
