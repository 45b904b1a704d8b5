// The drills of docs/operations.md, performed with the commands that the page shows.
#include <gtest/gtest.h>
#include <signal.h>

#include <algorithm>
#include <fstream>

#include "tests/e2e/pages.h"
#include "tests/e2e/program.h"

namespace millrace::e2e {
namespace {

namespace fs = std::filesystem;

/// Those of the page that need no server of the reader's own.
std::vector<ShownCommand> commands_of(const std::string& page, const std::string& verb) {
  std::vector<ShownCommand> out;
  for (auto& command : shown_commands())
    if (command.place.starts_with(page) && command.verb() == verb &&
        std::ranges::count(command.words, "--db") == 0)
      out.push_back(std::move(command));
  return out;
}

/// A folder of its own as working directory, so that the page's relative paths are in it.
class Operations : public testing::Test {
 protected:
  Operations() {
    fs::create_directories(dags());
    fs::copy_file(MILLRACE_SOURCE_DIR "/dags/hello.yaml", dags() / "hello.yaml");
    fs::current_path(folder_.path());
  }
  ~Operations() override { fs::current_path(before_); }

  fs::path dags() const { return folder_.path() / "dags"; }
  void perform(const std::string& verb) {
    const auto commands = commands_of("docs/operations.md", verb);
    ASSERT_FALSE(commands.empty()) << verb;
    for (const auto& command : commands) {
      const Finished told = millrace(command.words);
      ASSERT_EQ(told.exit_code, 0) << command.place << "\n" << told.out;
    }
  }
  static bool knows_hello(const Up& up) {
    return eventually([&] { return up.get("/dags/hello")["dag"]["dag"].as_view() == "hello"; });
  }

  TempFolder folder_;

 private:
  fs::path before_ = fs::current_path();
};

TEST_F(Operations, ABackupIsBroughtBackAndGoesOn) {
  std::string run, tasks;
  {
    Up up(folder_.path() / ".millrace", dags());
    ASSERT_TRUE(knows_hello(up));
    ASSERT_EQ(up.run("hello", Json::object()), "success");
    run = up.get("/runs")["runs"].at(0)["run"].as_string();
    tasks = up.get_text("/runs/" + run + "/tasks");
    ASSERT_FALSE(tasks.empty());
    perform("backup");
    // Not in the backup.
    ASSERT_EQ(up.run("hello", Json::object()), "success");
    perform("history");
  }
  perform("restore");
  EXPECT_NE(millrace({"restore", "backups/monday", "--state", "restored"}).exit_code, 0)
      << "a second restore must not write over the first";

  Up up(folder_.path() / "restored", dags());
  ASSERT_TRUE(knows_hello(up));
  const Json runs = up.get("/runs")["runs"];
  ASSERT_EQ(runs.size(), 1u);
  EXPECT_EQ(runs.at(0)["run"].as_string(), run);
  EXPECT_EQ(up.get_text("/runs/" + run + "/tasks"), tasks);
  const auto artifacts = [&](const std::string& state) {
    const fs::path path = folder_.path() / state / "artifacts";
    return fs::exists(path) ? std::distance(fs::recursive_directory_iterator(path), {}) : 0;
  };
  EXPECT_GE(artifacts("restored"), artifacts("backups/monday"));
  EXPECT_EQ(up.run("hello", Json::object()), "success");
  EXPECT_EQ(up.get("/runs")["runs"].size(), 2u);
}

TEST_F(Operations, ADrainLosesNoWorkAndBeginsNone) {
  std::ofstream(dags() / "slow.yaml")
      << "dag: slow\ntasks:\n"
         "  first: {operator: command, with: {run: 'echo begun; sleep 2'}}\n"
         "  second: {needs: first, operator: command, with: {argv: [echo, again]}}\n";
  const auto of_run = [](const Up& up, const std::string& rest) {
    return up.get("/runs/" + up.get("/runs")["runs"].at(0)["run"].as_string() + rest);
  };
  {
    Up up(folder_.path() / ".millrace", dags());
    ASSERT_TRUE(eventually([&] { return up.get("/dags/slow")["dag"]["dag"].as_view() == "slow"; }));
    ASSERT_EQ(millrace({"trigger", "slow"}).exit_code, 0);
    ASSERT_TRUE(
        eventually([&] { return of_run(up, "/tasks").at(0)["state"].as_view() == "running"; }));
    up.program().signal(SIGTERM);
    const Finished told = up.program().wait(std::chrono::seconds{60});
    EXPECT_EQ(told.exit_code, 0);
    EXPECT_NE(told.out.find("draining"), std::string::npos) << told.out;
  }
  Up up(folder_.path() / ".millrace", dags());
  ASSERT_TRUE(
      eventually([&] { return up.get("/runs")["runs"].at(0)["status"].as_view() == "success"; }));
  for (const std::string task : {"first", "second"})
    EXPECT_EQ(of_run(up, "/tasks/" + task + "/attempts").size(), 1u) << task;
}

TEST_F(Operations, TheOtherOfTwoEnginesGoesOn) {
  Program script({MILLRACE_SOURCE_DIR "/examples/two-engines/run", binary()});
  const Finished told = script.wait(std::chrono::seconds{120});
  EXPECT_EQ(told.exit_code, 0) << told.out;
  EXPECT_NE(told.out.find("leads after"), std::string::npos) << told.out;
  EXPECT_NE(told.out.find("the run went on and succeeded"), std::string::npos) << told.out;
}

TEST_F(Operations, ARetentionThatCannotBeMeantIsRefused) {
  for (const std::string wrong : {"90", "soon", "10s"}) {
    const Finished told = millrace({"history", "--retention", wrong});
    EXPECT_EQ(told.exit_code, 2) << told.out;
    EXPECT_NE(told.out.find("retention '" + wrong + "'"), std::string::npos) << told.out;
  }
}

}  // namespace
}  // namespace millrace::e2e
