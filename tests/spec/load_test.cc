#include "engine/spec/load.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "engine/spec/check_datasets.h"
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

// The paths of the API and of the model server contain it.
TEST(Load, AModelsNameIsAnIdentifier) {
  const LoadedDag loaded =
      load_dag("dag: x\ntasks:\n  back: {operator: deploy.rollback, with: {model: team/churn}}\n",
               "x.yaml", builtin_catalog());
  ASSERT_EQ(loaded.diagnostics.size(), 1u);
  EXPECT_EQ(to_string(loaded.diagnostics[0]),
            "x.yaml:3:51: error: parameter 'model': 'team/churn' is not a valid name; use letters, "
            "digits, '_', '-' and '.', a letter or digit first, at most 128");
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
  const Resource missing = load_resource_file("/nonexistent/x.yaml", builtin_catalog());
  ASSERT_EQ(missing.diagnostics.size(), 1u);
  EXPECT_EQ(missing.diagnostics[0].code, "unreadable");
  const Resource folder = load_resource_file(testing::TempDir(), builtin_catalog());
  ASSERT_EQ(folder.diagnostics.size(), 1u);
  EXPECT_EQ(folder.diagnostics[0].message, "this is not a file");
}

/// A folder of its own that goes away with the test.
struct Folder {
  fs::path path;
  explicit Folder(fs::path at = fs::path(testing::TempDir()) / "millrace_find_dags")
      : path(std::move(at)) {
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
  const auto found = find_resource_files(folder.path);
  ASSERT_TRUE(found);
  std::vector<std::string> names;
  for (const auto& path : *found) names.push_back(fs::relative(path, folder.path).string());
  EXPECT_EQ(names,
            (std::vector<std::string>{"a.yml", "b.yaml", "contracts/deep.yaml", "flow.yaml"}));
  EXPECT_EQ(find_resource_files(folder.path / "none").error().code, ErrorCode::not_found);
}

// A file that a typing error or a crash of an editor has changed must not retire its DAG in
// silence.
TEST(Find, ListsWhatBecameOfADag) {
  const Folder folder;
  folder.write("typo.yaml", "dga: etl\ntasks: {a: {operator: noop}}\n");
  folder.write("empty.yaml", "");
  folder.write("comments.yaml", "# dag: etl\n---\n");
  folder.write("binary.yaml", std::string("\x7f"
                                          "ELF\0\1",
                                          6));
  folder.write("contract.yaml", "columns: [a]\n");
  folder.write("list.yaml", "- a\n- b\n");
  const auto found = find_resource_files(folder.path);
  ASSERT_TRUE(found);
  std::vector<std::string> names;
  for (const auto& path : *found) names.push_back(fs::relative(path, folder.path).string());
  EXPECT_EQ(names,
            (std::vector<std::string>{"binary.yaml", "comments.yaml", "empty.yaml", "typo.yaml"}));
}

TEST(Find, FollowsLinksOnce) {
  const Folder folder;
  const Folder outside(fs::path(testing::TempDir()) / "millrace_find_elsewhere");
  outside.write("far.yaml", "dag: far\n");
  folder.write("contracts/near.yaml", "dag: near\n");
  fs::create_directory_symlink(outside.path, folder.path / "linked");
  fs::create_directory_symlink(folder.path, folder.path / "contracts" / "loop");
  fs::create_directory_symlink(folder.path, outside.path / "back");
  fs::create_directory_symlink(folder.path / "contracts", folder.path / "again");
  fs::create_symlink(folder.path / "contracts/near.yaml", folder.path / "alias.yaml");
  fs::create_symlink(folder.path / "nowhere.yaml", folder.path / "dangling.yaml");
  const auto found = find_resource_files(folder.path);
  ASSERT_TRUE(found);
  std::vector<std::string> names;
  for (const auto& path : *found) names.push_back(path.lexically_relative(folder.path).string());
  EXPECT_EQ(names, (std::vector<std::string>{"contracts/near.yaml", "linked/far.yaml"}));
}

TEST(Find, TheDeclaredIdIsKnownAlsoOfABrokenFile) {
  const auto declared = [](std::string_view text) {
    return load_dag(text, "x.yaml", builtin_catalog()).declared;
  };
  EXPECT_EQ(declared("dag: x\ntasks: {a: {operator: noop}}\n"), "x");
  EXPECT_EQ(declared("# note\ndag: 'x'  # here\ntasks: [\n"), "x");
  EXPECT_EQ(declared("{owner: me, dag: x, tasks: [\n"), "x");
  EXPECT_EQ(declared("dag: x\ntasks: {a: {operator: nop}}\n"), "x");
  EXPECT_EQ(declared("dag: x\nnamespace: team\ntasks: [\n"), DagKey("team", "x"));
  EXPECT_EQ(declared("dag: x\nnamespace: team\ntasks: {a: {operator: noop}}\n"),
            DagKey("team", "x"));
  EXPECT_EQ(declared("tasks: {a: {operator: noop}}\n"), "");
  EXPECT_EQ(declared("dag: [\n"), "");
}

struct FakePublish {
  static constexpr std::string_view name = "publish";
  static constexpr std::string_view doc = "Updates a dataset.";
  static constexpr int version = 1;
  std::string dataset;
  static auto params() {
    return std::tuple{param("dataset", &FakePublish::dataset, "Dataset that this updates")};
  }
  Result<Outcome> run(OperatorContext&) const { return Outcome(Done{}); }
};

Resource loaded_file(const std::string& path, const std::string& text) {
  return load_resource(text, path, Catalog::of<FakePublish>());
}
std::string publisher(const std::string& id, const std::string& reads, const std::string& writes) {
  return "dag: " + id + "\non: {dataset: " + reads +
         "}\ntasks:\n  a: {operator: publish, with: " + "{dataset: " + writes + "}}\n";
}

TEST(Together, ADagThatStartsItselfIsAnError) {
  const auto file = loaded_file("a.yaml", publisher("a", "data", "data"));
  ASSERT_EQ(file.diagnostics.size(), 1u);
  EXPECT_EQ(to_string(file.diagnostics[0]),
            "a.yaml:2:15: error: DAG 'a' starts on the dataset 'data', which it updates itself: "
            "this would go on for ever; start it by a schedule, or update another dataset");
}

TEST(Together, ARingOfDagsIsAnErrorInEachOfThem) {
  const Catalog catalog = Catalog::of<FakePublish>();
  const auto found = check_dataset_rings({loaded_file("a.yaml", publisher("a", "x", "y")),
                                          loaded_file("b.yaml", publisher("b", "y", "z")),
                                          loaded_file("c.yaml", publisher("c", "z", "x")),
                                          loaded_file("d.yaml", publisher("d", "z", "w"))},
                                         catalog);
  ASSERT_EQ(found.size(), 3u);
  EXPECT_EQ(found[0].file, "a.yaml");
  EXPECT_EQ(found[0].line, 2);
  EXPECT_EQ(found[0].message,
            "DAG 'a' updates the dataset 'y', which starts DAG 'b'; DAG 'b' updates the dataset "
            "'z', which starts DAG 'c'; DAG 'c' updates the dataset 'x', which starts DAG 'a': "
            "this would go on for ever");
  EXPECT_TRUE(check_dataset_rings({loaded_file("a.yaml", publisher("a", "x", "y")),
                                   loaded_file("b.yaml", publisher("b", "y", "z"))},
                                  catalog)
                  .empty());
}

TEST(Together, ASecondFileWithAnIdIsAnErrorThatNamesBoth) {
  const auto found =
      check_twins({loaded_file("a.yaml", publisher("x", "p", "q")),
                   loaded_file("b.yaml", "dag: y\n"), loaded_file("c.yaml", "# broken\ndag: x\n")});
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(
      to_string(found[0]),
      "c.yaml:2:1: error: DAG 'x' is declared by a.yaml and by c.yaml; rename one of the two, "
      "or remove one of the files");
}

/// `start` and `end` of a schedule with this text, as instants.
std::string dates(const std::string& schedule) {
  const auto loaded = load_dag(
      "dag: d\nschedule: {cron: '0 0 * * *', " + schedule + "}\ntasks:\n  a: {operator: noop}\n",
      "d.yaml", builtin_catalog());
  if (!loaded.spec) return loaded.diagnostics.front().message;
  return format_rfc3339(*loaded.spec->start) + " " + format_rfc3339(*loaded.spec->end);
}

TEST(Load, StartAndEndAreInTheTimeZoneAndAnEndIncludesItsDay) {
  EXPECT_EQ(dates("timezone: America/New_York, start: 2026-03-01, end: 2026-03-03"),
            "2026-03-01T05:00:00Z 2026-03-04T04:59:59.999999Z");
  EXPECT_EQ(dates("start: 2026-03-01, end: 2026-03-01, timezone: Europe/Berlin"),
            "2026-02-28T23:00:00Z 2026-03-01T22:59:59.999999Z");
  EXPECT_EQ(
      dates("start: '2026-03-01T06:00Z', end: '2026-03-03T00:00+01:00', timezone: Asia/Tokyo"),
      "2026-03-01T06:00:00Z 2026-03-02T23:00:00Z");
  EXPECT_EQ(dates("start: 2026-03-02, end: 2026-03-01"), "end is before start");
  EXPECT_EQ(dates("on_unpause: everything, start: 2026-03-01, end: 2026-03-02"),
            "on_unpause: there is no policy 'everything'");
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
