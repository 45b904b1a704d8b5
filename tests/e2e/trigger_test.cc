// Triggers from outside, as upstream systems send them.
#include <gtest/gtest.h>
#include <signal.h>

#include <set>

#include "engine/base/error.h"
#include "engine/base/file.h"
#include "tests/e2e/program.h"

namespace millrace::e2e {
namespace {

TEST(Trigger, TenClientsWithOneKeyMakeOneRun) {
  const TempFolder folder;
  const auto dags = folder.path() / "dags";
  std::filesystem::create_directories(dags);
  ASSERT_TRUE(
      write_file_atomic(dags / "load.yaml", "dag: load\ntasks:\n  a: {operator: noop}\n").ok());
  Up up(folder.path() / "state", dags);
  ASSERT_TRUE(eventually([&] { return up.get("/dags/load")["dag"]["dag"].as_view() == "load"; }));

  const std::string url =
      "http://127.0.0.1:" + std::to_string(up.api_port()) + "/api/v1/dags/load/runs";
  std::vector<std::unique_ptr<Program>> clients;
  for (int i = 0; i < 10; ++i)
    clients.push_back(std::make_unique<Program>(std::vector<std::string>{
        "/usr/bin/curl", "-sS", "-X", "POST", url, "-H", "Idempotency-Key: upstream-2001-02", "-H",
        "Content-Type: application/json", "-d", "{}"}));
  std::set<std::string> runs;
  for (auto& client : clients) {
    const Finished finished = client->wait(std::chrono::seconds{60});
    EXPECT_EQ(finished.exit_code, 0) << finished.out;
    const auto answer = Json::parse(finished.out);
    ASSERT_TRUE(answer.ok()) << finished.out;
    runs.insert((*answer)["run"].as_string());
  }
  EXPECT_EQ(runs.size(), 1u);
  EXPECT_FALSE(runs.contains(""));
  const Json listed = up.get("/runs?dag=load");
  EXPECT_EQ(listed["runs"].size(), 1u) << listed.dump();
}

// Attempt 1 fails, attempt 2 waits for the gate: the command prints both, and ends with the task.
TEST(Logs, FollowsATaskThroughItsAttemptsToItsEnd) {
  const TempFolder folder;
  const auto dags = folder.path() / "dags", gate = folder.path() / "gate";
  std::filesystem::create_directories(dags);
  const std::string once = "'" + gate.string() + ".once'";
  ASSERT_TRUE(
      write_file_atomic(
          dags / "slow.yaml",
          "dag: slow\ntasks:\n  work:\n    operator: command\n    retries: "
          "{max: 1, initial: 10ms}\n    with:\n      retry_on_exit: [1]\n      run: \"if mkdir " +
              once +
              "; then echo first; exit 1; fi; echo second; while [ ! "
              "-e '" +
              gate.string() +
              "' ]; do sleep 0.05; done; echo third\"\n"
              "  many: {operator: noop, foreach: [1, 2]}\n")
          .ok());
  Up up(folder.path() / "state", dags);
  ASSERT_TRUE(eventually([&] { return up.get("/dags/slow")["dag"]["dag"].as_view() == "slow"; }));
  const std::vector<std::string> on_state = {binary(), "--state",
                                             (folder.path() / "state").string()};
  const auto words = [&](std::vector<std::string> more) {
    more.insert(more.begin(), on_state.begin(), on_state.end());
    return more;
  };
  const Finished triggered = Program(words({"trigger", "slow"})).wait(std::chrono::seconds{60});
  const std::string run = triggered.out.substr(4, 36);
  Program logs(words({"logs", run, "work", "-f"}));
  EXPECT_TRUE(logs.wait_for_output("second\n", std::chrono::seconds{60}));
  ASSERT_TRUE(write_file_atomic(gate, "").ok());
  const Finished ended = logs.wait(std::chrono::seconds{60});
  EXPECT_EQ(ended.exit_code, 0) << ended.out;
  EXPECT_TRUE(ended.out.ends_with("second\nthird\n")) << ended.out;

  const Finished mapped = Program(words({"logs", run, "many"})).wait(std::chrono::seconds{60});
  EXPECT_EQ(mapped.exit_code, traits(ErrorCode::not_found).exit_code) << mapped.out;
  EXPECT_NE(mapped.out.find("task 'many' is mapped: its 2 instances have a map_index, from 0 on; "
                            "choose one with --map-index"),
            std::string::npos)
      << mapped.out;
}

// The program wants the param to be "good"; a person changes it for the held task.
TEST(Hold, AHeldTaskIsResumedWithAnotherParam) {
  const TempFolder folder;
  const auto dags = folder.path() / "dags", state = folder.path() / "state";
  std::filesystem::create_directories(dags);
  ASSERT_TRUE(write_file_atomic(dags / "picky.yaml",
                                "dag: picky\nparams: {mood: {type: string, default: bad}}\n"
                                "tasks:\n  work:\n    operator: command\n"
                                "    retries: {max: 1, initial: 10ms}\n    on_exhausted: hold\n"
                                "    with: {env: {MOOD: \"${{ params.mood }}\"}, "
                                "run: 'test \"$MOOD\" = good'}\n"
                                "  more: {needs: work, operator: noop}\n")
                  .ok());
  Up up(state, dags);
  ASSERT_TRUE(eventually([&] { return up.get("/dags/picky")["dag"]["dag"].as_view() == "picky"; }));
  const auto run_verb = [&](std::vector<std::string> words) {
    words.insert(words.begin(), {binary(), "--state", state.string()});
    return Program(words).wait(std::chrono::seconds{60});
  };
  const std::string run = run_verb({"trigger", "picky"}).out.substr(4, 36);
  ASSERT_TRUE(eventually(
      [&] { return up.get("/runs/" + run + "/tasks/work")["state"].as_view() == "held"; }));
  const Finished shown = run_verb({"show", run});
  EXPECT_NE(shown.out.find("ended with exit code 1"), std::string::npos) << shown.out;
  EXPECT_NE(shown.out.find("millrace resume " + run + " work"), std::string::npos) << shown.out;
  EXPECT_EQ(up.get("/runs/" + run)["status"].as_view(), "running");

  const Finished wrong = run_verb({"resume", run, "work", "-p", "mud=good"});
  EXPECT_EQ(wrong.exit_code, traits(ErrorCode::invalid_argument).exit_code) << wrong.out;
  const Finished resumed = run_verb({"resume", run, "work", "-p", "mood=good"});
  EXPECT_EQ(resumed.exit_code, 0) << resumed.out;
  EXPECT_EQ(up.get("/runs/" + run + "?wait=50s")["status"].as_view(), "success");
  const Json task = up.get("/runs/" + run + "/tasks/work");
  EXPECT_EQ(task["attempt"].as_int(), 3);
  EXPECT_EQ(task["params"], Json::object({{"mood", "good"}}));
  const Finished late = run_verb({"resume", run, "work", "--fail"});
  EXPECT_EQ(late.exit_code, traits(ErrorCode::conflict).exit_code) << late.out;
}

TEST(Logs, FollowingOneEndsWithTheEngine) {
  const TempFolder folder;
  const auto dags = folder.path() / "dags";
  std::filesystem::create_directories(dags);
  ASSERT_TRUE(write_file_atomic(dags / "hang.yaml",
                                "dag: hang\ntasks:\n  work:\n    operator: command\n"
                                "    with: {run: \"echo begun; sleep 600\"}\n")
                  .ok());
  const auto state = folder.path() / "state";
  Up up(state, dags);
  ASSERT_TRUE(eventually([&] { return up.get("/dags/hang")["dag"]["dag"].as_view() == "hang"; }));
  const auto words = [&](std::vector<std::string> more) {
    more.insert(more.begin(), {binary(), "--state", state.string()});
    return more;
  };
  const Finished triggered = Program(words({"trigger", "hang"})).wait(std::chrono::seconds{60});
  const std::string run = triggered.out.substr(4, 36);
  Program logs(words({"logs", run, "work", "-f"}));
  ASSERT_TRUE(logs.wait_for_output("begun\n", std::chrono::seconds{60}));
  up.program().signal(SIGKILL);
  const Finished left = logs.wait(std::chrono::seconds{60});
  EXPECT_EQ(left.exit_code, traits(ErrorCode::unavailable).exit_code) << left.out;
  EXPECT_NE(left.out.find("the engine no longer answers"), std::string::npos) << left.out;

  const Finished later = Program(words({"logs", run, "work", "-f"})).wait(std::chrono::seconds{60});
  EXPECT_EQ(later.exit_code, traits(ErrorCode::unavailable).exit_code) << later.out;
  EXPECT_NE(later.out.find("begun\n"), std::string::npos) << later.out;
  EXPECT_NE(later.out.find("no engine is running, so this log does not grow"), std::string::npos)
      << later.out;
}

}  // namespace
}  // namespace millrace::e2e
