// examples/sub-dag: a run that starts runs.
#include <gtest/gtest.h>

#include "tests/e2e/program.h"

namespace millrace::e2e {
namespace {

// north, south and east have 5, 5 and 4 letters.
TEST(SubDag, ARunOfRegionForEachRegionIsWaitedForAndItsOutputsAreCollected) {
  const TempFolder folder;
  const Up up(folder.path() / "state", MILLRACE_SOURCE_DIR "/examples/sub-dag");
  ASSERT_TRUE(eventually([&] {
    return up.get("/dags/region")["dag"].is_object() && up.get("/dags/regions")["dag"].is_object();
  }));
  const Finished ended =
      millrace({"--state", up.state().string(), "trigger", "regions", "--wait", "--json"});
  const auto run = Json::parse(ended.out);
  ASSERT_TRUE(run.ok()) << ended.out;
  EXPECT_EQ((*run)["outputs"].dump(), R"({"rows":[5,5,4],"most":5})") << ended.out;
  const Json children = up.get("/runs?dag=region")["runs"];
  ASSERT_EQ(children.size(), 3u);
  for (const Json& child : children.items()) {
    EXPECT_EQ(child["type"].as_view(), "child");
    EXPECT_EQ(child["parent"]["run"], (*run)["run"]);
    EXPECT_EQ(child["parent"]["task"].as_view(), "each");
  }
}

}  // namespace
}  // namespace millrace::e2e
