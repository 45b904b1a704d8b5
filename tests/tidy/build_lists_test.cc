#include "tests/tidy/build_lists.h"

#include <gtest/gtest.h>

namespace millrace::tidy {
namespace {

TEST(TidyBuild, EverySourceIsInATarget) {
  const Findings found = check_sources_are_built(project());
  EXPECT_TRUE(found.empty()) << listing(found);
}

TEST(TidyBuild, EveryTestRuns) {
  const Findings found = check_tests_are_run(project());
  EXPECT_TRUE(found.empty()) << listing(found);
}

TEST(TidyBuild, GoldenTestsCarryTheirLabel) {
  const Findings found = check_golden_labels(project());
  EXPECT_TRUE(found.empty()) << listing(found);
}

TEST(TidyBuildSample, GoldenTestWithoutItsLabel) {
  Tree tree;
  tree.files = {make_source("tests/x/CMakeLists.txt", "millrace_test(x SOURCES a_test.cc)\n"),
                make_source("tests/x/a_test.cc", "std::getenv(\"MILLRACE_UPDATE_GOLDEN\");\n")};
  EXPECT_EQ(check_golden_labels(tree).size(), 1u);
  tree.files[0] = make_source("tests/x/CMakeLists.txt", "LABELS unit golden)\n");
  EXPECT_TRUE(check_golden_labels(tree).empty());
}

TEST(TidyBuildSample, ForgottenCommentedAndHalfNamedSources) {
  Tree tree;
  tree.files = {
      make_source("operators/CMakeLists.txt",
                  "millrace_module(operators SOURCES data/ingest.cc\n  # data/old.cc\n  xa.cc)\n"),
      make_source("operators/data/ingest.cc", ""), make_source("operators/data/old.cc", ""),
      make_source("operators/a.cc", "")};
  const Findings found = check_sources_are_built(tree);
  ASSERT_EQ(found.size(), 2u) << listing(found);
  EXPECT_TRUE(found[0].starts_with("operators/data/old.cc:1:"));
  EXPECT_TRUE(found[1].starts_with("operators/a.cc:1:"));
}

TEST(TidyBuildSample, PatternNamesItsFilesOnly) {
  Tree tree;
  tree.files = {make_source("engine/x/CMakeLists.txt", "file(GLOB s plan*.cc)\n"),
                make_source("engine/x/planner.cc", ""), make_source("engine/x/replan.cc", ""),
                make_source("engine/x/plan/deep.cc", "")};
  EXPECT_EQ(check_sources_are_built(tree).size(), 2u);
}

TEST(TidyBuildSample, TestThatOnlyALibraryNames) {
  Tree tree;
  tree.files = {make_source("tests/x/CMakeLists.txt", "add_library(x STATIC a_test.cc)\n"),
                make_source("tests/x/a_test.cc", "")};
  EXPECT_EQ(check_tests_are_run(tree).size(), 1u);
  tree.files[0] = make_source("tests/x/CMakeLists.txt", "millrace_test(x SOURCES a_test.cc)\n");
  EXPECT_TRUE(check_tests_are_run(tree).empty());
}

}  // namespace
}  // namespace millrace::tidy
