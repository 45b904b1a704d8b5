#include "tests/tidy/layers.h"

#include <gtest/gtest.h>

namespace millrace::tidy {
namespace {

// ------------------------------------------------------------------------------ the project's own

TEST(TidyLayers, TheTableHasNoCycle) {
  EXPECT_GE(project_layers().modules.size(), 15u);
  const Findings found = check_table_is_acyclic(project_layers());
  EXPECT_TRUE(found.empty()) << listing(found);
}

TEST(TidyLayers, ArchitecturePageHasTheSameTable) {
  const SourceFile* page = project().find("docs/architecture.md");
  ASSERT_NE(page, nullptr);
  const Findings found = check_table_is_documented(project_layers(), *page);
  EXPECT_TRUE(found.empty()) << listing(found);
}

TEST(TidyLayers, ModulesIncludeOnlyWhatTheirRowAllows) {
  const Findings found = check_includes(project_layers(), project());
  EXPECT_TRUE(found.empty()) << listing(found);
}

TEST(TidyLayers, ModulesLinkOnlyWhatTheirRowAllows) {
  const Findings found = check_links(project_layers(), project());
  EXPECT_TRUE(found.empty()) << listing(found);
}

TEST(TidyLayers, LibrariesStayInTheirModule) {
  const Findings found = check_libraries(project_layers(), project());
  EXPECT_TRUE(found.empty()) << listing(found);
}

TEST(TidyLayers, HeadersForOtherModulesAreFreeOfLibraries) {
  const Findings found = check_public_headers(project_layers(), project());
  EXPECT_TRUE(found.empty()) << listing(found);
}

// ----------------------------------------------------------------------- each rule finds its
// sample

const Layers& sample_layers() {
  static const Layers layers = parse_layers(
      "[modules]\nbase:\ncore: base\npg: base core\napp: *\n"
      "[libraries]\npqxx/: pg\nboost/: pg\nboost/graph/: core\n[system]\nunistd.h sys/\n");
  return layers;
}

Tree file_of(std::string path, std::string_view text) {
  return {{make_source(std::move(path), text)}, {}};
}

TEST(TidyLayersSample, CycleAndMissingRow) {
  const Findings found = check_table_is_acyclic(parse_layers("[modules]\na: b\nb: a\nc: d\n"));
  ASSERT_EQ(found.size(), 2u);
  EXPECT_NE(found[0].find("use each other"), std::string::npos);
  EXPECT_NE(found[1].find("no row"), std::string::npos);
}

TEST(TidyLayersSample, PageThatDiffers) {
  const SourceFile page = make_source("docs/architecture.md",
                                      "| `engine/base` | results | – |\n"
                                      "| `engine/core` | planner | base pg |\n"
                                      "| `engine/app` | main | everything |\n");
  const Findings found = check_table_is_documented(sample_layers(), page);
  ASSERT_EQ(found.size(), 2u) << listing(found);
  EXPECT_NE(found[0].find("docs/architecture.md:2"), std::string::npos);
  EXPECT_NE(found[1].find("'pg'"), std::string::npos);
}

TEST(TidyLayersSample, IncludeUpwards) {
  const Findings found = check_includes(
      sample_layers(), file_of("engine/core/plan.cc", "\n#include \"engine/pg/journal.h\"\n"));
  ASSERT_EQ(found.size(), 1u);
  EXPECT_TRUE(found[0].starts_with("engine/core/plan.cc:2: core may not include")) << found[0];
  EXPECT_TRUE(check_includes(sample_layers(),
                             file_of("engine/pg/a.cc", "#include \"engine/core/plan.h\"\n"))
                  .empty());
  EXPECT_TRUE(
      check_includes(sample_layers(), file_of("engine/app/a.cc", "#include \"engine/pg/a.h\"\n"))
          .empty());
  EXPECT_TRUE(check_includes(sample_layers(), file_of("tests/a.cc", "#include \"engine/pg/a.h\"\n"))
                  .empty());
}

TEST(TidyLayersSample, EverythingIsNotTheCommandLine) {
  const Layers layers = parse_layers("[modules]\nbase:\nnode: *\napp: *\n");
  EXPECT_TRUE(
      check_includes(layers, file_of("engine/app/a.cc", "#include \"engine/node/a.h\"\n")).empty());
  const Findings found =
      check_includes(layers, file_of("engine/node/a.cc", "#include \"engine/app/a.h\"\n"));
  ASSERT_EQ(found.size(), 1u);
  EXPECT_TRUE(found[0].starts_with("engine/node/a.cc:1: node may not include")) << found[0];
}

TEST(TidyLayersSample, IncludeOfTestsUnknownModuleAndRelativePath) {
  EXPECT_EQ(
      check_includes(sample_layers(), file_of("engine/pg/a.cc", "#include \"tests/pg/fake.h\"\n"))
          .size(),
      1u);
  EXPECT_EQ(check_includes(sample_layers(), file_of("engine/misc/a.cc", "int a;\n")).size(), 1u);
  EXPECT_EQ(
      check_includes(sample_layers(), file_of("tests/pg/a.cc", "#include \"fake.h\"\n")).size(),
      1u);
}

TEST(TidyLayersSample, RowThatOpensOneHeader) {
  const Layers layers = parse_layers("[modules]\ncore:\noperators: core/effect.h\n");
  const auto findings_of = [&](std::string_view text) {
    return check_includes(layers, file_of("operators/a.cc", text)).size();
  };
  EXPECT_EQ(findings_of("#include \"engine/core/effect.h\"\n"), 0u);
  EXPECT_EQ(findings_of("#include \"engine/core/planner.h\"\n"), 1u);
  EXPECT_TRUE(layers.allows_link("operators", "core"));
  EXPECT_TRUE(check_table_is_acyclic(layers).empty());
}

TEST(TidyLayersSample, LinkUpwards) {
  const Findings found =
      check_links(sample_layers(),
                  file_of("engine/core/CMakeLists.txt",
                          "millrace_module(core SOURCES a.cc\n  USES base pg\n  LIBS pg::x)\n"));
  ASSERT_EQ(found.size(), 1u) << listing(found);
  EXPECT_TRUE(found[0].starts_with("engine/core/CMakeLists.txt:2:"));
}

TEST(TidyLayersSample, LibraryAwayFromHome) {
  EXPECT_EQ(check_libraries(sample_layers(), file_of("engine/core/a.cc", "#include <pqxx/pqxx>\n"))
                .size(),
            1u);
  EXPECT_EQ(
      check_libraries(sample_layers(), file_of("engine/core/a.cc", "#include <boost/asio.hpp>\n"))
          .size(),
      1u);
  EXPECT_EQ(
      check_libraries(sample_layers(), file_of("engine/core/a.cc", "#include <zmq.hpp>\n")).size(),
      1u);
  EXPECT_TRUE(
      check_libraries(
          sample_layers(),
          file_of("engine/core/a.cc",
                  "#include <boost/graph/a.hpp>\n#include <vector>\n#include <sys/wait.h>\n"))
          .empty());
}

TEST(TidyLayersSample, LibraryThatLeaksThroughTwoHeaders) {
  Tree tree;
  tree.files = {make_source("engine/pg/connection.h", "#include <pqxx/pqxx>\n"),
                make_source("engine/pg/journal.h", "#include \"engine/pg/connection.h\"\n"),
                make_source("engine/pg/journal.cc", "#include \"engine/pg/journal.h\"\n"),
                make_source("engine/app/main.cc", "#include \"engine/pg/journal.h\"\n")};
  const Findings found = check_public_headers(sample_layers(), tree);
  ASSERT_EQ(found.size(), 1u) << listing(found);
  EXPECT_TRUE(found[0].starts_with("engine/app/main.cc:1: engine/pg/journal.h drags pqxx/"))
      << found[0];
}

TEST(TidyLayers, EachPermissionIsUsed) {
  const Findings found = check_permissions_are_used(project_layers(), project());
  EXPECT_TRUE(found.empty()) << listing(found);
}

TEST(TidyLayersSample, AnUnusedPermissionIsFound) {
  Tree tree;
  tree.files = {make_source("engine/b/b.cc", "#include \"engine/a/a.h\"\n")};
  EXPECT_TRUE(
      check_permissions_are_used(parse_layers("[modules]\na:\nb: a\n[libraries]\n"), tree).empty());
  EXPECT_EQ(
      check_permissions_are_used(parse_layers("[modules]\na:\nb: a\nc: a b\n[libraries]\n"), tree)
          .size(),
      2u);
}

}  // namespace
}  // namespace millrace::tidy
