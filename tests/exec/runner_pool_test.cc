// What the pool does when all goes well: results, logs, queries, reuse, order, tidiness.
#include <sys/resource.h>
#include <sys/wait.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdlib>
#include <semaphore>
#include <set>

#include "tests/exec/pool_fixture.h"

namespace millrace::test {
namespace {

long open_descriptors() {
  long count = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator("/proc/self/fd"))
    ++count;
  return count;
}

TEST_F(PoolTest, GivesBackWhatTheOperatorReturns) {
  auto start = attempt("echo", Json::object({{"value", Json::array({1, "zwei"})}}));
  start.info.checkpoint = Json::object({{"step", 2}});
  const Json out = outputs(run(start));
  EXPECT_EQ(out["value"], Json::array({1, "zwei"}));
  EXPECT_EQ(out["task"], Json("task0"));
  EXPECT_EQ(out["checkpoint"]["step"], Json(2));
  EXPECT_NE(out["pid"].as_int(), getpid());
}

TEST_F(PoolTest, ReusesOneRunnerForAttemptAfterAttempt) {
  std::set<std::int64_t> pids;
  for (int i = 0; i < 20; ++i)
    pids.insert(outputs(run(attempt("echo", Json::object(), i)))["pid"].as_int());
  EXPECT_EQ(pids.size(), 1u);
}

TEST_F(PoolTest, RunsNoMoreAttemptsAtOnceThanItHasSlots) {
  std::vector<StartAttempt> all;
  for (int i = 0; i < 50; ++i) all.push_back(attempt("echo", Json::object(), i));
  pool().start(all);
  std::set<std::int64_t> pids;
  for (const auto& start : all) pids.insert(outputs(wait(start.key))["pid"].as_int());
  EXPECT_LE(pids.size(), config_.slots);
}

TEST_F(PoolTest, ReplacesARunnerThatHasServedLongEnough) {
  config_.attempts_per_runner = 3;
  std::set<std::int64_t> pids;
  for (int i = 0; i < 9; ++i)
    pids.insert(outputs(run(attempt("echo", Json::object(), i)))["pid"].as_int());
  EXPECT_EQ(pids.size(), 3u);
}

TEST_F(PoolTest, KeepsTheOrderOfEverythingPrinted) {
  const auto start = attempt("print", Json::object({{"text", "a"}}));
  outputs(run(start));
  EXPECT_EQ(log_of(start), "out a\nlog a\nerr a\n");
}

TEST_F(PoolTest, AttributesOutputToTheAttemptThatPrintedIt) {
  config_.slots = 1;
  std::vector<StartAttempt> all;
  for (int i = 0; i < 30; ++i)
    all.push_back(attempt("print", Json::object({{"text", std::to_string(i)}}), i));
  pool().start(all);
  for (int i = 0; i < 30; ++i) {
    const auto& start = all[static_cast<std::size_t>(i)];
    outputs(wait(start.key));
    const std::string n = std::to_string(i);
    EXPECT_EQ(log_of(start), "out " + n + "\nlog " + n + "\nerr " + n + "\n");
  }
}

TEST_F(PoolTest, StoresTheWholeOfALongLogBeforeItReports) {
  const auto start = attempt("print", Json::object({{"text", "a"}, {"bytes", 3'000'000}}));
  outputs(run(start));
  const std::string text = log_of(start);
  EXPECT_EQ(text.size(), 3'000'000u + 18u);
  for (std::size_t line = 0; 18 + 100 * line < text.size(); ++line)
    ASSERT_EQ(std::stol(text.substr(18 + 100 * line, 99)), static_cast<long>(100 * line));
}

// All of it is on its way to a slow store when the attempt ends without another word.
TEST_F(PoolTest, ReportsBehindALogThatIsStillBeingWritten) {
  config_.slots = 1;
  std::binary_semaphore writing(0), store_is_free(0);
  std::atomic<bool> first = true;
  store_.set_fault_hook([&](std::string_view call) {
    if (call == "logs.append" && first.exchange(false)) {
      writing.release();
      store_is_free.acquire();
    }
    return Fault::none;
  });
  const std::string text(40'000, 'x');  // so much is written at once
  const auto prints =
      attempt("ask", Json::object({{"question", "is it being written"}, {"print", text}}));
  const auto next = attempt("ask", Json::object({{"question", "what was reported"}}), 1);
  std::atomic<bool> early = false;
  query_ = [&](const std::string&, std::string_view name, const Json&) {
    if (name == "is it being written") writing.acquire();
    if (name == "what was reported") {
      early = reported(prints.key);
      store_is_free.release();
    }
    return Result<Json>(Json());
  };
  pool().start({prints, next});
  outputs(wait(prints.key));
  EXPECT_TRUE(log_of(prints) == text + "\n");
  outputs(wait(next.key));
  EXPECT_FALSE(early);
  pool_.reset();  // it uses what is here
}

TEST_F(PoolTest, StreamsTheLogWhileTheAttemptRuns) {
  const auto start = attempt("hang", Json::object({{"polite", true}}));
  pool().start({start});
  const auto give_up = clock_.steady() + kPatience;
  while (log_of(start) != "hanging\n" && clock_.steady() < give_up) poll(nullptr, 0, 5);
  EXPECT_EQ(log_of(start), "hanging\n");
  EXPECT_FALSE(reported(start.key));
  pool().cancel(start.key, false);
  EXPECT_FALSE(wait(start.key).ok());
}

TEST_F(PoolTest, KeepsBothEndsOfALongLog) {
  config_.log_limit_bytes = 1 << 20;
  const auto start = attempt("print", Json::object({{"text", "a"}, {"bytes", 5'000'000}}));
  outputs(run(start));
  const std::string text = log_of(start);
  EXPECT_LT(text.size(), (1u << 20) + 200);
  EXPECT_NE(text.find("bytes are left out here: a log keeps 1 MiB]"), std::string::npos);
  EXPECT_TRUE(text.starts_with("out a\n"));
  EXPECT_TRUE(text.ends_with(std::string(92, '0') + "4999900\n"));
}

TEST_F(PoolTest, ReportsAlsoWhenTheLogStoreIsAway) {
  store_.set_fault_hook([](std::string_view call) {
    return call == "logs.append" ? Fault::fail_before : Fault::none;
  });
  outputs(run(attempt("print", Json::object({{"text", "a"}}))));
}

TEST_F(PoolTest, AnswersQueriesOfARunningAttempt) {
  query_ = [](const std::string&, std::string_view name, const Json& arguments) -> Result<Json> {
    if (name != "deployment") return not_found("no query '" + std::string(name) + "'");
    return Json::object({{"seen", arguments["n"]}});
  };
  EXPECT_EQ(
      outputs(run(attempt("ask", Json::object({{"question", "deployment"}}))))["answer"]["seen"],
      Json(7));
  const auto refused = run(attempt("ask", Json::object({{"question", "nonsense"}}), 1));
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, ErrorCode::not_found);
  EXPECT_EQ(refused.error().message, "no query 'nonsense'");
}

TEST_F(PoolTest, ReportsWhatAnAttemptSavesBeforeItsResult) {
  StartAttempt start = attempt("save_state", Json::object({{"state", "job-8"}}));
  start.info.saved_state = "job-7";
  EXPECT_EQ(outputs(run(start))["found"], Json("job-7"));
  const std::lock_guard lock(mutex_);
  EXPECT_EQ(saved_[start.key], "job-8");
}

TEST_F(PoolTest, GivesAnAttemptAFolderAndEmptiesIt) {
  config_.nice = 3;
  setenv("PGPASSWORD", "hush", 1);
  const Json seen = outputs(run(attempt("look_around")));
  unsetenv("PGPASSWORD");
  const std::filesystem::path folder = seen["work_dir"].as_string();
  EXPECT_EQ(folder.string().rfind(config_.work_dir.string(), 0), 0u) << folder;
  EXPECT_FALSE(std::filesystem::exists(folder / "file"));
  EXPECT_TRUE(seen["leads_group"].as_bool());
  EXPECT_EQ(seen["secret"], Json(""));
  EXPECT_EQ(seen["nice"], Json(std::min(getpriority(PRIO_PROCESS, 0) + 3, 19)));
  // stdin, stdout, stderr, the socket, two outputs, statm, two that the link waits on, the folder.
  EXPECT_EQ(seen["descriptors"], Json(10));
}

// "secret" is PGPASSWORD, which is hidden.
TEST_F(PoolTest, RunnersSeeVariablesOfThePoolInPlaceOfInheritedOnes) {
  config_.environment = {"PGPASSWORD=given"};
  setenv("PGPASSWORD", "hush", 1);
  EXPECT_EQ(outputs(run(attempt("look_around")))["secret"], Json("given"));
  unsetenv("PGPASSWORD");
}

TEST_F(PoolTest, AnUnknownOperatorIsAPermanentError) {
  const auto outcome = run(attempt("ekho"));
  ASSERT_FALSE(outcome.ok());
  EXPECT_EQ(outcome.error().code, ErrorCode::not_found);
  EXPECT_FALSE(outcome.error().transient());
}

TEST_F(PoolTest, OutputsTooBigForTheJournalAreRefused) {
  config_.begin_limit = kPatience;  // a busy machine takes seconds to read nine megabytes
  const auto outcome = run(attempt("echo", Json::object({{"value", std::string(9u << 20, 'x')}})));
  ASSERT_FALSE(outcome.ok());
  EXPECT_EQ(outcome.error().code, ErrorCode::resource_exhausted);
}

TEST_F(PoolTest, RunsLightAttemptsInTheEngineAndReportsThemTogether) {
  std::vector<StartAttempt> all;
  for (int i = 0; i < 5000; ++i) {
    all.push_back(attempt("echo", Json::object({{"value", i}}), i));
    all.back().executor = kThreadExecutor;
  }
  pool().start(all);
  for (int i = 0; i < 5000; ++i) {
    const Json out = outputs(wait(all[static_cast<std::size_t>(i)].key));
    ASSERT_EQ(out["pid"], Json(static_cast<long>(getpid())));
    ASSERT_EQ(out["value"], Json(i));
  }
  EXPECT_LT(calls_, 2500);
}

TEST_F(PoolTest, LeavesNoDescriptorAndNoChildBehind) {
  const long before = open_descriptors();
  for (int i = 0; i < 4; ++i) outputs(run(attempt("print", Json::object({{"text", "a"}}), i)));
  EXPECT_FALSE(run(attempt("die", Json::object({{"how", "kill"}}), 9)).ok());
  pool_.reset();
  EXPECT_EQ(open_descriptors(), before);
  EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1);
  EXPECT_EQ(errno, ECHILD);
}

}  // namespace
}  // namespace millrace::test
