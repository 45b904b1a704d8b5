#include "engine/spec/load.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "engine/spec/read.h"
#include "tests/spec/fake_catalog.h"

namespace millrace {
namespace {

namespace fs = std::filesystem;

std::string first_problem(const std::string& text) {
  const LoadedDag loaded = load_dag(text, "x.yaml", fake_catalog());
  return loaded.diagnostics.empty() ? "" : to_string(loaded.diagnostics[0]);
}

TEST(Load, SuggestsWhatWasMeant) {
  EXPECT_EQ(first_problem("dag: x\ntasks:\n  a: {operator: nop}\n"),
            "x.yaml:3:17: error: unknown operator 'nop'; did you mean 'noop'?");
  EXPECT_EQ(first_problem("dag: x\nonwer: me\ntasks:\n  a: {operator: noop}\n"),
            "x.yaml:2:1: error: unknown key 'onwer' in the DAG; did you mean 'owner'?");
}

TEST(Load, PlacesAreInsideTheScalarWhereTheSourceSpellsIt) {
  EXPECT_EQ(
      first_problem(
          "dag: x\ntasks:\n  a:\n    operator: noop\n    with: {value: \"say ${{ parms.n }}\"}\n"),
      "x.yaml:5:28: error: there is no 'parms' here; did you mean 'params'?");
  EXPECT_EQ(first_problem("dag: x\ntasks:\n  a:\n    operator: noop\n    if: 1 == (2\n"),
            "x.yaml:5:16: error: in the expression, expected ')', found the end");
}

TEST(Load, ABrokenDagGivesNoSpecAndAGoodOneNoProblem) {
  EXPECT_FALSE(load_dag("dag: x\ntasks: {}\n", "x.yaml", fake_catalog()).spec);
  const LoadedDag good = load_dag(
      "\xef\xbb\xbf"
      "dag: x\ntasks: {a: {operator: noop}}\n",
      "x.yaml", fake_catalog());
  ASSERT_TRUE(good.spec);
  EXPECT_EQ(good.spec->id, "x");
  EXPECT_TRUE(good.diagnostics.empty());
}

TEST(Load, AWarningIsNoObstacle) {
  const LoadedDag loaded = load_dag("dag: x\nschedule: 0 0 30 2 *\ntasks: {a: {operator: noop}}\n",
                                    "x.yaml", fake_catalog());
  ASSERT_EQ(loaded.diagnostics.size(), 1u);
  EXPECT_EQ(to_string(loaded.diagnostics[0]),
            "x.yaml:2:11: warning: schedule '0 0 30 2 *' never fires: no such date exists");
  EXPECT_TRUE(loaded.spec);
}

TEST(Load, ReadsUpstreamThroughOthers) {
  const std::string text =
      "dag: x\ntasks:\n  a: {operator: noop}\n  b: {operator: noop, needs: a}\n"
      "  c: {operator: noop, needs: b, with: {value: \"${{ tasks.a.outputs.x }}\"}}\n";
  EXPECT_EQ(first_problem(text), "");
}

TEST(Load, FilesThatCannotBeRead) {
  const LoadedDag missing = load_dag_file("/nonexistent/x.yaml", fake_catalog());
  ASSERT_EQ(missing.diagnostics.size(), 1u);
  EXPECT_EQ(missing.diagnostics[0].code, "unreadable");
  const LoadedDag folder = load_dag_file(testing::TempDir(), fake_catalog());
  ASSERT_EQ(folder.diagnostics.size(), 1u);
  EXPECT_EQ(folder.diagnostics[0].message, "this is not a file");
}

/// A folder of its own that goes away with the test.
struct Folder {
  fs::path path = fs::path(testing::TempDir()) / "millrace_find_dags";
  Folder() {
    fs::remove_all(path);
    fs::create_directories(path / "contracts");
    fs::create_directories(path / ".hidden");
  }
  ~Folder() { fs::remove_all(path); }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(path / name) << text;
  }
};

TEST(Find, TellsDagsFromOtherFiles) {
  const Folder folder;
  folder.write("b.yaml", "# comment\ndag: b\n");
  folder.write("a.yml", "dag: a\n  broken: [\n");
  folder.write("flow.yaml", "{owner: x, dag: flow}\n");
  folder.write("contracts/flights.yaml", "columns: [a]\nmy-dag: no\n");
  folder.write("contracts/deep.yaml", "\"dag\": deep\n");
  folder.write("notes.txt", "dag: no\n");
  folder.write(".hidden/c.yaml", "dag: no\n");
  folder.write(".d.yaml", "dag: no\n");
  const auto found = find_dag_files(folder.path);
  ASSERT_TRUE(found);
  std::vector<std::string> names;
  for (const auto& path : *found) names.push_back(fs::relative(path, folder.path).string());
  EXPECT_EQ(names,
            (std::vector<std::string>{"a.yml", "b.yaml", "contracts/deep.yaml", "flow.yaml"}));
  EXPECT_EQ(find_dag_files(folder.path / "none").error().code, ErrorCode::not_found);
}

TEST(Memory, ReadsAmountsWithUnits) {
  EXPECT_EQ(*spec::parse_memory("512MiB"), 512 << 20);
  EXPECT_EQ(*spec::parse_memory("2GB"), 2'000'000'000);
  EXPECT_EQ(*spec::parse_memory("1.5KiB"), 1536);
  EXPECT_EQ(*spec::parse_memory("10B"), 10);
  for (const char* bad :
       {"", "512", "MiB", "-1GB", "1e9B", "5 GB", "0B", "99999999TB", "5XB", "inf GB", "0x5GB"})
    EXPECT_FALSE(spec::parse_memory(bad)) << bad;
}

}  // namespace
}  // namespace millrace
