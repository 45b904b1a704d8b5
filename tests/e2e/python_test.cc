// examples/prices: Python functions on warm workers, in the real engine.
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <memory>
#include <set>

#include "engine/base/file.h"
#include "tests/e2e/program.h"
#include "tests/e2e/unreliable_api.h"

namespace millrace::e2e {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kLoose = R"(dag: loose
tasks:
  list: {operator: python, with: {function: "loose:numbers", outputs: {numbers: array}}}
  each:
    needs: list
    operator: python
    foreach: "${{ tasks.list.outputs.numbers }}"
    with: {function: "loose:say", args: {n: "${{ item }}"}, outputs: {pid: integer}}
)";
constexpr std::string_view kLooseCode = R"(import os
def numbers(): return {"numbers": list(range(60))}
def say(n):
    print(f"this is {n}")
    return {"pid": os.getpid()}
)";
constexpr std::string_view kFails = R"(dag: fails
tasks:
  raises: {operator: python, with: {function: "fails:raises"}}
  dies: {operator: python, with: {function: "fails:dies"}}
  hungry: {operator: python, memory: 256MiB, with: {function: "fails:hungry"}}
  hangs: {operator: python, timeout: 1s, kill_grace: 1s, with: {function: "fails:hangs"}}
)";
constexpr std::string_view kFailsCode = R"(import os, signal
def raises(): raise ValueError("no such month: 13")
def dies():
    print("the last words")
    os.kill(os.getpid(), signal.SIGKILL)
def hungry(): return {"bytes": len(b"x" * (1 << 30))}
def hangs():
    while True:
        try:
            signal.pause()
        except BaseException:
            pass
)";

class Python : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = std::make_unique<TempFolder>();
    fs::copy(MILLRACE_SOURCE_DIR "/examples/prices", dags(), fs::copy_options::recursive);
    for (const auto* file : {"square_root.yaml", "newton.py"})
      fs::copy(MILLRACE_SOURCE_DIR "/examples/repeat/" + std::string(file), dags());
    ASSERT_TRUE(write_file(dags() / "loose.yaml", kLoose).ok());
    ASSERT_TRUE(write_file(dags() / "loose.py", kLooseCode).ok());
    ASSERT_TRUE(write_file(dags() / "fails.yaml", kFails).ok());
    ASSERT_TRUE(write_file(dags() / "fails.py", kFailsCode).ok());
    up_ = std::make_unique<Up>(folder_->path() / "state", dags());
    ASSERT_TRUE(eventually([] {
      return std::ranges::all_of(
          std::array{"prices", "loose", "fails", "square_root"}, [](auto dag) {
            return up_->get("/dags/" + std::string(dag))["dag"]["dag"].as_view() == dag;
          });
    }));
  }
  static void TearDownTestSuite() {
    up_.reset();
    folder_.reset();
  }
  static fs::path dags() { return folder_->path() / "dags"; }
  static Json trigger(std::vector<std::string> words) {
    words.insert(words.begin(), {"--state", up_->state().string(), "trigger"});
    words.insert(words.end(), {"--wait", "--json"});
    const Finished ended = millrace(std::move(words));
    return Json::parse(ended.out).value_or(Json(ended.out));
  }
  static Json task(const Json& run, const std::string& name) {
    return up_->get("/runs/" + run["run"].as_string() + "/tasks/" + name);
  }

  static inline std::unique_ptr<TempFolder> folder_;
  static inline std::unique_ptr<Up> up_;
};

// Of the records, one has no price; the means are computed by hand: (10.5 + 20) / 2, 4, and
// (10.5 + 20 + 4) / 3. The table keeps two decimals, as its column does.
TEST_F(Python, AnApiThatFailsIsAskedAgainAndItsDataCheckedSummarizedAndStored) {
  const UnreliableApi api(2, "/prices.json",
                          R"([{"id":1,"category":"desk","price":10.5},)"
                          R"({"id":2,"category":"desk","price":20},)"
                          R"({"id":3,"category":"wall","price":4.0},)"
                          R"({"id":4,"category":"wall"}])");
  const Json run = trigger({"prices", "-p", "url=" + api.url()});
  EXPECT_EQ(run["status"].as_view(), "success") << run.dump() << up_->program().end_of_output(4000);
  EXPECT_EQ(api.asked(), 3);
  EXPECT_EQ(task(run, "check")["outputs"]["rejected"], Json::array({4}));
  EXPECT_EQ(task(run, "summarize")["outputs"]["mean"], Json(11.5));
  EXPECT_EQ(read_file(dags() / "out/summary.csv", 1000).value_or(""),
            "category,prices,mean\ndesk,2,15.25\nwall,1,4.00\n");
}

TEST_F(Python, FewProcessesServeManyTasksAndEachTaskHasItsOwnLog) {
  const Json run = trigger({"loose"});
  EXPECT_EQ(run["status"].as_view(), "success") << run.dump() << up_->program().end_of_output(4000);
  std::set<std::int64_t> pids;
  const std::string run_id = run["run"].as_string();
  for (int i = 0; i < 60; ++i) {
    const std::string path = "/runs/" + run_id + "/tasks/each?map_index=" + std::to_string(i);
    pids.insert(up_->get(path)["outputs"]["pid"].as_int());
    if (i % 20 != 0) continue;
    const Finished log = millrace({"--state", up_->state().string(), "logs", run_id, "each",
                                   "--map-index", std::to_string(i)});
    EXPECT_EQ(log.out, "this is " + std::to_string(i) + "\n");
  }
  EXPECT_GE(*pids.begin(), 1);
  EXPECT_LE(pids.size(), 16u) << "at most one for each runner";
}

TEST_F(Python, FailuresNameTheExceptionTheSignalAndTheLastLineOfTheLog) {
  const Json run = trigger({"fails"});
  EXPECT_EQ(run["status"].as_view(), "failed") << run.dump();
  EXPECT_EQ(task(run, "raises")["error"].as_string(),
            "'fails:raises' failed: ValueError: no such month: 13");
  EXPECT_EQ(task(run, "dies")["error"].as_string(),
            "the worker 'python3' was ended by signal 9 (Killed): the last words");
  EXPECT_TRUE(task(run, "hungry")["error"].as_view().starts_with(
      "out of memory: the limit of the task is 256 MiB"))
      << task(run, "hungry").dump();
  EXPECT_EQ(task(run, "hangs")["error"].as_string(),
            "ran longer than its timeout of 1s and was ended");
}

// examples/repeat. From 1, Newton's method comes to the root of 2 in five steps, of which the last
// changes it by 1.6e-12: 1.5, 1.4167, 1.414216, 1.41421356237469, 1.414213562373095.
TEST_F(Python, ATaskRepeatsUntilItsConditionHolds) {
  const Json run = trigger({"square_root"});
  const Json step = up_->get("/runs/" + run["run"].as_string() + "/tasks/step");
  EXPECT_NEAR(step["outputs"]["guess"].as_double(), 1.4142135623730951, 1e-12) << step.dump();
  EXPECT_EQ(step["iteration"], Json(5));
  EXPECT_EQ(step["attempt"], Json(5));
}

}  // namespace
}  // namespace millrace::e2e
