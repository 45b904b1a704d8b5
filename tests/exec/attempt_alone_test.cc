// An attempt is alone: in its folder, in its process, and in time. It begins when its process does,
// and is over when everything that came from it is dead.
#include <signal.h>
#include <spawn.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "engine/exec/strays.h"
#include "tests/exec/pool_fixture.h"

namespace millrace::test {
namespace {

class AttemptAlone : public PoolTest {
 protected:
  AttemptAlone() { config_.slots = 1; }
  static Json started_in(const std::filesystem::path& file) {
    return Json::object({{"polite", true}, {"started", file.string()}});
  }
  /// Waits until the pool has told that the attempt began.
  void wait_for_begin(const AttemptKey& key) {
    std::unique_lock lock(mutex_);
    ASSERT_TRUE(changed_.wait_for(lock, kPatience, [&] { return began_.contains(key); }));
  }
};

TEST_F(AttemptAlone, ItsBeginIsToldWhileItRuns) {
  const auto before = clock_.now();
  const auto start = attempt("hang", started_in(root_ / "started"));
  pool().start({start});
  wait_for_begin(start.key);
  text_of(root_ / "started");
  EXPECT_GE(began_.at(start.key), before);
  EXPECT_LE(began_.at(start.key), clock_.now());
  pool().cancel(start.key, false);
  EXPECT_FALSE(wait(start.key).ok());
}

TEST_F(AttemptAlone, OfAShortOneTheResultTellsTheBegin) {
  const auto before = clock_.now();
  const auto start = attempt("echo");
  outputs(run(start));
  ASSERT_TRUE(began_at_end_.contains(start.key));
  EXPECT_GE(began_at_end_.at(start.key), before);
  EXPECT_LE(began_at_end_.at(start.key), clock_.now());
}

// A map of long tasks with a short timeout, more of them than workers.
TEST_F(AttemptAlone, NoTimeoutComesBeforeItsBegin) {
  std::vector<StartAttempt> all;
  for (int i = 0; i < 4; ++i) {
    all.push_back(attempt("hang", Json::object(), i));
    all.back().timeout = 300ms;
    all.back().grace = 0ms;
  }
  pool().start(all);
  for (const auto& start : all) {
    EXPECT_EQ(wait(start.key).error().code, ErrorCode::timeout);
    const std::lock_guard lock(mutex_);
    ASSERT_TRUE(began_.contains(start.key)) << "it ran out of time without having begun";
  }
  for (int i = 1; i < 4; ++i)  // one after the other, each for its own time
    EXPECT_GE(began_.at(all[static_cast<std::size_t>(i)].key) -
                  began_.at(all[static_cast<std::size_t>(i - 1)].key),
              300ms);
}

TEST_F(AttemptAlone, AMoreUrgentOneBeginsBeforeThoseThatWait) {
  const auto first = attempt("hang", started_in(root_ / "started"));
  std::vector<StartAttempt> waiting = {first};
  for (int i = 1; i < 10; ++i)
    waiting.push_back(attempt("hang", Json::object({{"polite", true}}), i));
  pool().start(waiting);
  text_of(root_ / "started");
  auto urgent = attempt("hang", started_in(root_ / "urgent"), 99);
  urgent.priority = 1;
  pool().start({urgent});
  pool().cancel(first.key, false);
  text_of(root_ / "urgent");
  for (int i = 1; i < 10; ++i) EXPECT_FALSE(has_begun(waiting[static_cast<std::size_t>(i)].key));
  pool().cancel(urgent.key, false);
  EXPECT_FALSE(wait(urgent.key).ok());
}

TEST_F(AttemptAlone, NothingBeginsOnceThePoolIsHeld) {
  const auto first = attempt("hang", started_in(root_ / "started"));
  const auto second = attempt("echo", Json::object(), 1),
             third = attempt("echo", Json::object(), 2);
  pool().start({first, second});
  text_of(root_ / "started");
  pool().hold();
  EXPECT_FALSE(wait(second.key).ok());
  EXPECT_TRUE(lost(second.key));
  EXPECT_FALSE(has_begun(second.key));
  pool().start({third});
  EXPECT_FALSE(wait(third.key).ok());
  EXPECT_FALSE(has_begun(third.key));
  EXPECT_FALSE(reported(first.key)) << "what runs goes on";
  pool().cancel(first.key, false);
  EXPECT_FALSE(wait(first.key).ok());
}

TEST_F(AttemptAlone, ACancellationAtOnceGivesNoGrace) {
  auto start = attempt("hang", Json::object({{"started", (root_ / "started").string()}}));
  start.grace = kPatience * 10;
  pool().start({start});
  text_of(root_ / "started");
  pool().cancel(start.key, false);
  EXPECT_FALSE(reported(start.key));
  pool().cancel(start.key, true);
  EXPECT_EQ(wait(start.key).error().code, ErrorCode::cancelled);
}

TEST_F(AttemptAlone, OneOutOfTimeMayCleanUp) {
  auto start = attempt("hang", started_in(root_ / "started"));
  start.timeout = 200ms;
  start.grace = kPatience;
  const auto outcome = run(start);
  EXPECT_EQ(outcome.error().code, ErrorCode::timeout);
  EXPECT_EQ(log_of(start), "hanging\nleaving\n");
}

// A frozen engine kills nothing; another may be the leader meanwhile.
TEST_F(AttemptAlone, ARunnerEndsWhenTheLeaseOfItsEngineHasRunOut) {
  const auto start = attempt("leave_child", Json::object({{"pid_file", (root_ / "child").string()},
                                                          {"own_session", true},
                                                          {"hang", true}}));
  pool().lease_runs_until(clock_.steady() + kPatience);
  pool().start({start});
  const int child = std::stoi(text_of(root_ / "child"));
  const auto end = clock_.steady() + 200ms;
  pool().lease_runs_until(end);
  EXPECT_FALSE(wait(start.key).ok());
  EXPECT_GE(clock_.steady(), end);
  EXPECT_TRUE(lost(start.key));
  EXPECT_FALSE(exec::is_alive(child));
}

// --- its folder

TEST_F(AttemptAlone, AFolderThatWasMadeAgainIsNoOthers) {
  for (int i = 0; i < 10; ++i) {
    outputs(run(attempt("folder", Json::object({{"how", "remake"}}), 2 * i)));
    const Json next = outputs(run(attempt("folder", Json::object(), 2 * i + 1)));
    EXPECT_EQ(next["found"].as_int(), 0) << "another attempt's files are in the folder";
  }
}

TEST_F(AttemptAlone, ALinkInPlaceOfItsFolderLeadsNowhere) {
  std::filesystem::create_directory(root_ / "precious");
  std::ofstream(root_ / "precious" / "file") << "data";
  for (int i = 0; i < 3; ++i) {
    const Json with = Json::object({{"how", "link"}, {"target", (root_ / "precious").string()}});
    outputs(run(attempt("folder", with, 2 * i)));
    EXPECT_EQ(outputs(run(attempt("folder", Json::object(), 2 * i + 1)))["found"].as_int(), 0);
  }
  pool_.reset();
  EXPECT_EQ(text_of(root_ / "precious" / "file"), "data");
  EXPECT_TRUE(std::filesystem::is_empty(config_.work_dir));
}

// What another attempt may notice of a folder that was used before.
TEST_F(AttemptAlone, AFolderThatComesAgainIsEmptyAndClosedToOthers) {
  int task = 0;
  for (const char* how : {"fill", "open", "forbid", "remove", "none"}) {
    outputs(run(attempt("folder", Json::object({{"how", how}}), ++task)));
    const Json next = outputs(run(attempt("folder", Json::object(), ++task)));
    EXPECT_EQ(next["found"].as_int(), 0) << how;
    EXPECT_EQ(next["mode"].as_int(), 0700) << how;
  }
}

TEST_F(AttemptAlone, ItsFolderIsItsOwnAndNew) {
  std::set<std::string> folders;
  for (int i = 0; i < 5; ++i) {
    const Json found = outputs(run(attempt("folder", Json::object(), i)));
    EXPECT_TRUE(folders.insert(found["folder"].as_string()).second) << "a folder came twice";
    EXPECT_EQ(found["mode"].as_int(), 0700);
    EXPECT_FALSE(std::filesystem::exists(found["folder"].as_string()));
  }
  struct stat above {};
  ASSERT_EQ(0, stat(config_.work_dir.c_str(), &above));
  EXPECT_EQ(above.st_mode & 0777, 0700u);
}

// --- what comes from it

/// A child in a session of its own, with an empty environment, that outlives what started it.
class Stray : public AttemptAlone {
 protected:
  Json leaves_child() {
    return Json::object({{"pid_file", (root_ / "child").string()},
                         {"own_session", true},
                         {"bare", true},
                         {"hang", true}});
  }
  int child() { return std::stoi(text_of(root_ / "child")); }
};

TEST_F(Stray, IsDeadBeforeTheEndOfItsAttemptIsReportedWhenTheRunnerIsKilled) {
  for (int i = 0; i < 3; ++i) {
    std::filesystem::remove(root_ / "child");
    const auto start = attempt("leave_child", leaves_child(), i);
    pool().start({start});
    const int stray = child();
    for (const pid_t runner : exec::children_of(getpid())) kill(runner, SIGKILL);
    EXPECT_FALSE(wait(start.key).ok());
    EXPECT_TRUE(lost(start.key));
    EXPECT_FALSE(exec::is_alive(stray));
  }
  outputs(run(attempt("echo", Json::object(), 99)));
}

TEST_F(Stray, OfAnEngineThatWasKilledWithItsRunnerIsFoundByTheNext) {
  for (const std::string mode : {"same_session", "own_session"}) {
    const std::string file = root_ / mode, work = root_ / "engine-work",
                      mark = "test-" + std::to_string(getpid()) + mode;
    std::vector<std::string> words = {RUNNER_TEST_CHILD, "engine", work, file, mode, mark};
    std::vector<char*> argv;
    for (auto& word : words) argv.push_back(word.data());
    argv.push_back(nullptr);
    pid_t engine = 0;
    ASSERT_EQ(posix_spawn(&engine, argv[0], nullptr, nullptr, argv.data(), environ), 0);
    const int stray = std::stoi(text_of(file));
    const auto runners = exec::children_of(engine);
    ASSERT_EQ(1u, runners.size());
    kill(engine, SIGSTOP);
    kill(runners[0], SIGSTOP);
    kill(engine, SIGKILL);
    kill(runners[0], SIGKILL);
    waitpid(engine, nullptr, 0);
    ASSERT_TRUE(exec::is_alive(stray)) << "the test has lost its object";
    config_.mark = mark;
    pool().end_strays();
    EXPECT_FALSE(exec::is_alive(stray)) << mode;
    pool_.reset();
    reap_orphans();
  }
}

TEST_F(Stray, OfAnotherDatabaseIsLeftAlone) {
  const auto start = attempt("leave_child", leaves_child());
  pool().start({start});
  const int stray = child();
  EXPECT_EQ(0u, exec::end_strays(exec::Mark("another")));
  EXPECT_TRUE(exec::is_alive(stray));
  pool().kill_all();
  EXPECT_FALSE(exec::is_alive(stray));
}

}  // namespace
}  // namespace millrace::test
