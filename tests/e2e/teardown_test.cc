// examples/teardown: a folder that exists only for the run.
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/e2e/program.h"

namespace millrace::e2e {
namespace {

struct Ended {
  std::string status, state_of_check, state_of_remove, folder;
};

Ended run_with_rows(const Up& up, const std::string& rows) {
  const Finished ended = millrace({"--state", up.state().string(), "trigger", "scratch_folder",
                                   "-p", "rows=" + rows, "--wait", "--json"});
  const Json run = Json::parse(ended.out).value_or(Json(ended.out));
  const auto task = [&](const std::string& id) {
    return up.get("/runs/" + run["run"].as_string() + "/tasks/" + id);
  };
  return {run["status"].as_string(), task("check")["state"].as_string(),
          task("remove")["state"].as_string(), task("create")["outputs"]["folder"].as_string()};
}

TEST(TeardownExample, TheFolderIsRemovedWhetherTheWorkSucceedsOrFails) {
  const TempFolder folder;
  const Up up(folder.path() / "state", MILLRACE_SOURCE_DIR "/examples/teardown");
  ASSERT_TRUE(eventually([&] { return up.get("/dags/scratch_folder")["dag"].is_object(); }));
  for (const bool succeeds : {true, false}) {
    const Ended run = run_with_rows(up, succeeds ? "10" : "0");
    EXPECT_EQ(run.status, succeeds ? "success" : "failed");
    EXPECT_EQ(run.state_of_check, succeeds ? "success" : "failed");
    EXPECT_EQ(run.state_of_remove, "success");
    EXPECT_TRUE(run.folder.starts_with("/tmp/scratch."));
    EXPECT_FALSE(std::filesystem::exists(run.folder));
  }
}

}  // namespace
}  // namespace millrace::e2e
