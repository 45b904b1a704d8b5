#include "tests/tidy/pages.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

namespace millrace::tidy {
namespace {

// ------------------------------------------------------------------------------ the project's own

TEST(TidyPages, TopLevelHasTheFoldersOfTheLayout) {
  EXPECT_TRUE(project().top_folders.contains("engine"));
  const Findings found = check_top_folders(project());
  EXPECT_TRUE(found.empty()) << listing(found);
}

TEST(TidyPages, LinksLeadSomewhere) {
  const Findings found = check_links_of_pages(project(), [](const std::string& path) {
    return std::filesystem::exists(std::filesystem::path(MILLRACE_SOURCE_DIR) / path);
  });
  EXPECT_TRUE(found.empty()) << listing(found);
}

TEST(TidyPages, PagesNameVerbsThatExist) {
  const Findings found = check_verbs(project());
  EXPECT_TRUE(found.empty()) << listing(found);
}

TEST(TidyPages, EveryDependencyHasItsReason) {
  const Findings found = check_dependencies(project());
  EXPECT_TRUE(found.empty()) << listing(found);
}

TEST(TidyPages, LockFilePinsHashesAndNoAddress) {
  std::ifstream in(MILLRACE_SOURCE_DIR "/package-lock.json");
  ASSERT_TRUE(in.good());
  const SourceFile lock =
      make_source("package-lock.json", std::string{std::istreambuf_iterator<char>(in), {}});
  const Findings found = check_lock_file(lock);
  EXPECT_TRUE(found.empty()) << listing(found);
}

// ----------------------------------------------------------------------- each rule finds its
// sample

TEST(TidyPagesSample, StrangeFolder) {
  Tree tree;
  tree.top_folders = {"engine", "scripts"};
  const Findings found = check_top_folders(tree);
  ASSERT_EQ(found.size(), 1u);
  EXPECT_TRUE(found[0].starts_with("scripts/:"));
}

TEST(TidyPagesSample, DeadLink) {
  Tree tree;
  tree.files = {make_source("docs/a.md",
                            "[x](b.md) [y](../run#top) [z](https://example.org/)\n"
                            "```\n[not a link](nowhere.md)\n```\n[w](gone.md)\n")};
  const Findings found = check_links_of_pages(
      tree, [](const std::string& path) { return path == "docs/b.md" || path == "run"; });
  ASSERT_EQ(found.size(), 1u) << listing(found);
  EXPECT_TRUE(found[0].starts_with("docs/a.md:5:"));
}

TEST(TidyPagesSample, VerbThatIsNone) {
  Tree tree;
  tree.files = {make_source("run", "verb_test() {\n"),
                make_source("README.md", "`./run test`, then `./run tset`\n")};
  const Findings found = check_verbs(tree);
  ASSERT_EQ(found.size(), 1u) << listing(found);
  EXPECT_NE(found[0].find("'tset'"), std::string::npos);
}

TEST(TidyPagesSample, DependencyWithoutReason) {
  Tree tree;
  tree.files = {
      make_source("run", "readonly packages=(\n  g++ libfoo-dev\n)\n"),
      make_source("package.json", "{\n  \"devDependencies\": {\n    \"bar\": \"1.0.0\"\n  }\n}\n"),
      make_source("docs/dependencies.md", "| `g++` | compiles |\n")};
  const Findings found = check_dependencies(tree);
  ASSERT_EQ(found.size(), 2u) << listing(found);
  EXPECT_NE(found[0].find("libfoo-dev"), std::string::npos);
  EXPECT_NE(found[1].find("bar"), std::string::npos);
}

TEST(TidyPagesSample, LockFileWithAddressAndWithoutHash) {
  const Findings found =
      check_lock_file(make_source("package-lock.json",
                                  "{\n \"node_modules/a\": {\n  \"resolved\": \"x\",\n"
                                  "  \"integrity\": \"sha512-\"\n },\n"
                                  " \"node_modules/b\": {\n  \"version\": \"1\"\n }\n}\n"));
  ASSERT_EQ(found.size(), 2u) << listing(found);
  EXPECT_TRUE(found[0].starts_with("package-lock.json:3:"));
  EXPECT_NE(found[1].find("node_modules/b"), std::string::npos);
}

}  // namespace
}  // namespace millrace::tidy
