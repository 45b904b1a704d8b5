// examples/depends: a mirror is read if the main source fails.
#include <gtest/gtest.h>

#include "tests/e2e/program.h"

namespace millrace::e2e {
namespace {

// mirror.csv has four lines, and main.csv does not exist.
TEST(DependsExample, TheMirrorIsReadOnlyIfTheMainSourceFails) {
  const TempFolder folder;
  const Up up(folder.path() / "state", MILLRACE_SOURCE_DIR "/examples/depends");
  ASSERT_TRUE(eventually([&] { return up.get("/dags/fallback")["dag"].is_object(); }));
  for (const bool main_fails : {true, false}) {
    const Finished ended =
        millrace({"--state", up.state().string(), "trigger", "fallback", "-p",
                  main_fails ? "main=main.csv" : "main=mirror.csv", "--wait", "--json"});
    const Json run = Json::parse(ended.out).value_or(Json(ended.out));
    EXPECT_EQ(run["status"].as_view(), "success") << ended.out;
    const auto task = [&](const std::string& id) {
      return up.get("/runs/" + run["run"].as_string() + "/tasks/" + id);
    };
    EXPECT_EQ(task("mirror")["state"].as_view(), main_fails ? "success" : "skipped");
    EXPECT_EQ(task("load")["outputs"]["rows"], Json(4));
  }
}

}  // namespace
}  // namespace millrace::e2e
