#include "engine/spec/load.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "engine/spec/read.h"
#include "operators/catalog.h"

namespace millrace {
namespace {

namespace fs = std::filesystem;

std::string first_problem(const std::string& text) {
  const LoadedDag loaded = load_dag(text, "x.yaml", builtin_catalog());
  return loaded.diagnostics.empty() ? "" : to_string(loaded.diagnostics[0]);
}

TEST(Load, SuggestsWhatWasMeant) {
  EXPECT_EQ(first_problem("dag: x\ntasks:\n  a: {operator: nop}\n"),
            "x.yaml:3:17: error: unknown operator 'nop'; did you mean 'noop'?");
  EXPECT_EQ(first_problem("dag: x\nonwer: me\ntasks:\n  a: {operator: noop}\n"),
            "x.yaml:2:1: error: unknown key 'onwer' in the DAG; did you mean 'owner'?");
}

TEST(Load, PlacesAreInsideTheScalarWhereTheSourceSpellsIt) {
  EXPECT_EQ(first_problem("dag: x\ntasks:\n  a:\n    operator: noop\n    with: {outputs: {a: \"say "
                          "${{ parms.n }}\"}}\n"),
            "x.yaml:5:34: error: there is no 'parms' here; did you mean 'params'?");
  EXPECT_EQ(first_problem("dag: x\ntasks:\n  a:\n    operator: noop\n    if: 1 == (2\n"),
            "x.yaml:5:16: error: in the expression, expected ')', found the end");
}

TEST(Load, ABrokenDagGivesNoSpecAndAGoodOneNoProblem) {
  EXPECT_FALSE(load_dag("dag: x\ntasks: {}\n", "x.yaml", builtin_catalog()).spec);
  const LoadedDag good = load_dag(
      "\xef\xbb\xbf"
      "dag: x\ntasks: {a: {operator: noop}}\n",
      "x.yaml", builtin_catalog());
  ASSERT_TRUE(good.spec);
  EXPECT_EQ(good.spec->id, "x");
  EXPECT_TRUE(good.diagnostics.empty());
}

TEST(Load, AWarningIsNoObstacle) {
  const LoadedDag loaded = load_dag("dag: x\nschedule: 0 0 30 2 *\ntasks: {a: {operator: noop}}\n",
                                    "x.yaml", builtin_catalog());
  ASSERT_EQ(loaded.diagnostics.size(), 1u);
  EXPECT_EQ(to_string(loaded.diagnostics[0]),
            "x.yaml:2:11: warning: schedule '0 0 30 2 *' never fires: no such date exists");
  EXPECT_TRUE(loaded.spec);
}

TEST(Load, ReadsUpstreamThroughOthers) {
  const std::string text =
      "dag: x\ntasks:\n  a: {operator: noop}\n  b: {operator: noop, needs: a}\n"
      "  c: {operator: noop, needs: b, with: {outputs: {a: \"${{ tasks.a.outputs.x }}\"}}}\n";
  EXPECT_EQ(first_problem(text), "");
}

// docs/operators/command.md and noop.md: their outputs are whatever the program or `outputs` names.
TEST(Load, OutputsThatOnlyTheTaskKnowsCanBeNamed) {
  for (const char* made : {"operator: command, with: {run: x}", "operator: noop"})
    for (const char* reader :
         {"operator: command, with: {argv: [echo, \"${{ tasks.a.outputs.x }}\"]}",
          "operator: noop, foreach: \"${{ tasks.a.outputs.list }}\"",
          "operator: noop, if: \"tasks.a.outputs.deep.er == 'y'\"",
          "operator: noop, with: {outputs: \"${{ tasks.a.outputs }}\"}"})
      EXPECT_EQ(first_problem("dag: x\ntasks:\n  a: {" + std::string(made) + "}\n  b: {needs: a, " +
                              reader + "}\n"),
                "")
          << made << "; " << reader;
  EXPECT_EQ(first_problem("dag: x\ntasks:\n  a: {operator: wait, with: {for: 1s}}\n"
                          "  b: {needs: a, operator: noop, if: tasks.a.outputs.unti}\n"),
            "x.yaml:4:37: error: task 'a' ('wait') has no output 'unti'; did you mean 'until'?");
}

std::string shell_problem(const std::string& run, const std::string& task = "") {
  return first_problem(
      "dag: x\nparams: {name: a, n: 1, any: {}}\ntasks:\n  a: {operator: noop}\n  b:\n    needs: "
      "a\n" +
      task + "    operator: command\n    with:\n      run: \"" + run + "\"\n");
}

// OWASP, OS command injection: a value that becomes part of a script can end it and begin another.
TEST(Load, WarnsOfValuesThatAShellWouldRun) {
  EXPECT_EQ(shell_problem("echo '${{ params.name }}'"),
            "x.yaml:9:12: warning: the shell runs whatever 'params.name' holds as part of the "
            "script; pass it by `env` and write \"$NAME\" in the script, or write "
            "${{ quote(params.name) }} without quotes around it");
  for (const char* run :
       {"echo ${{ tasks.a.outputs.x }}", "echo ${{ event.data.name }}", "echo ${{ params.any }}",
        "echo ${{ toJSON(params) }}", "${{ params.name }}", "echo ${{ tasks.*.outputs }}",
        "echo ${{ format('{0}', params.name) }} ${{ quote(params.name) }}",
        "echo ${{ case(params.n == 1, params.name, '') }}"})
    EXPECT_NE(shell_problem(run).find("warning: the shell runs"), std::string::npos) << run;
  for (const char* run :
       {"echo ${{ params.n }}", "echo ${{ run.id }} ${{ dag.id }}", "echo ${{ tasks.a.state }}",
        "echo ${{ quote(params.name) }}", "echo ${{ params.name | quote }}",
        "echo ${{ params.name == 'x' }}", "echo ${{ length(params.any) }}", "echo $NAME"})
    EXPECT_EQ(shell_problem(run), "") << run;
  EXPECT_EQ(shell_problem("echo ${{ item }}", "    foreach: [a, b]\n"), "");
  EXPECT_NE(shell_problem("echo ${{ item }}", "    foreach: ['${{ params.name }}']\n"), "");
}

TEST(Load, FilesThatCannotBeRead) {
  const LoadedDag missing = load_dag_file("/nonexistent/x.yaml", builtin_catalog());
  ASSERT_EQ(missing.diagnostics.size(), 1u);
  EXPECT_EQ(missing.diagnostics[0].code, "unreadable");
  const LoadedDag folder = load_dag_file(testing::TempDir(), builtin_catalog());
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
