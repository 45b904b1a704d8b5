// A second kind of resource is a row of the table of kinds, here one for the tests alone: loading,
// lint, finding files and the checks of several files need nothing else.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "engine/base/digest.h"
#include "engine/spec/load.h"
#include "operators/catalog.h"
#include "tests/spec/monitor_kind.h"

namespace millrace {
namespace {

namespace fs = std::filesystem;

Resource load_any(std::string_view text, std::string_view file = "x.yaml") {
  return load_resource(text, file, builtin_catalog(), kinds_with_monitor());
}

std::string problems_of(std::string_view text) {
  std::string all;
  for (const auto& diagnostic : load_any(text).diagnostics)
    all += (all.empty() ? "" : "\n") + to_string(diagnostic);
  return all;
}

TEST(Kinds, TheFirstKeyThatNamesAKindChoosesTheReader) {
  const Resource monitor = load_any("owner: ada\nmonitor: drift\nthreshold: 0.2\n");
  EXPECT_EQ(monitor.kind, "monitor");
  EXPECT_EQ(monitor.name, "drift");
  EXPECT_EQ(monitor.namespace_, "default");
  EXPECT_TRUE(monitor.ok());
  EXPECT_EQ(monitor.dag, nullptr);
  EXPECT_EQ(monitor.spec.dump_canonical(), R"({"monitor":"drift","threshold":0.2})");

  const Resource dag = load_any("dag: etl\nnamespace: fraud\ntasks: {a: {operator: noop}}\n");
  EXPECT_EQ(dag.kind, "dag");
  EXPECT_EQ(dag.name, "etl");
  EXPECT_EQ(dag.namespace_, "fraud");
  ASSERT_NE(dag.dag, nullptr);
  EXPECT_EQ(dag.version, dag.dag->version());
}

TEST(Kinds, AVersionIsTheDigestOfTheCanonicalForm) {
  const Resource one = load_any("monitor: drift\nthreshold: 0.2\n");
  const Resource same = load_any("# a comment\nthreshold: 0.2\nmonitor: 'drift'\n");
  const Resource other = load_any("monitor: drift\nthreshold: 0.3\n");
  EXPECT_EQ(one.version, sha256_hex(R"({"monitor":"drift","threshold":0.2})"));
  EXPECT_EQ(same.version, one.version);
  EXPECT_NE(other.version, one.version);
}

TEST(Kinds, ErrorsHaveTheirPlaceAndLeaveNoVersion) {
  EXPECT_EQ(problems_of("monitor: drift\ntreshold: 0.2\n"),
            "x.yaml:1:1: error: the monitor has no 'threshold'\n"
            "x.yaml:2:1: error: unknown key 'treshold' in the monitor; did you mean 'threshold'?");
  const Resource broken = load_any("namespace: fraud\nmonitor: drift\nthreshold: [\n");
  EXPECT_FALSE(broken.ok());
  EXPECT_EQ(broken.kind, "monitor");
  EXPECT_EQ(broken.namespace_, "fraud");
  EXPECT_EQ(broken.name, "drift");
}

TEST(Kinds, AnUnknownKindListsThoseThatThereAre) {
  EXPECT_EQ(problems_of("owner: me\nmoniter: drift\n"),
            "x.yaml:2:1: error: 'moniter' is not a kind of resource; did you mean 'monitor'? a "
            "file starts with its kind and a name, e.g. 'dag: name'; the kinds are 'dag', "
            "'template' and 'monitor'");
  EXPECT_EQ(problems_of("moniter: drift\nthreshold: 0.2\n"),
            "x.yaml:1:1: error: 'moniter' is not a kind of resource; did you mean 'monitor'? a "
            "file starts with its kind and a name, e.g. 'dag: name'; the kinds are 'dag', "
            "'template' and 'monitor'");
  EXPECT_EQ(problems_of("[]\n"),
            "x.yaml:1:1: error: the file declares nothing; a file starts with its kind and a name, "
            "e.g. 'dag: name'; the kinds are 'dag', 'template' and 'monitor'");
}

// What else the file has wrong is reported as well.
TEST(Kinds, AFileWithTheMarkOfAKindNamesAnUnknownOne) {
  EXPECT_EQ(problems_of("pipeline: etl\ntasks: {a: {operator: nop}}\n"),
            "x.yaml:1:1: error: 'pipeline' is not a kind of resource; a file with 'tasks' is a "
            "DAG: write 'dag: etl'\n"
            "x.yaml:2:23: error: unknown operator 'nop'; did you mean 'noop'?");
}

TEST(Kinds, AFileWithTwoKindsIsAnError) {
  EXPECT_EQ(problems_of("dag: etl\ntasks: {a: {operator: noop}}\nmonitor: drift\n"),
            "x.yaml:3:1: error: the file declares a monitor and a DAG; put each into a file of its "
            "own");
}

// The mark `tasks` belongs to a DAG alone.
TEST(Kinds, AMarkDoesNotOverruleAKind) {
  EXPECT_EQ(load_any("tasks: {}\nmonitor: drift\n").kind, "monitor");
  EXPECT_EQ(load_any("tasks: {}\n").kind, "dag");
}

TEST(Kinds, TwinsAreOfOneKindAndNamespace) {
  const std::vector<Resource> files = {
      load_any("monitor: etl\nthreshold: 1\n", "a.yaml"),
      load_any("dag: etl\ntasks: {a: {operator: noop}}\n", "b.yaml"),
      load_any("monitor: etl\nnamespace: fraud\nthreshold: 1\n", "c.yaml"),
      load_any("# again\nmonitor: etl\nthreshold: 2\n", "d.yaml")};
  const auto found = check_twins(files, kinds_with_monitor());
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].code, "duplicate-monitor");
  EXPECT_EQ(to_string(found[0]),
            "d.yaml:2:1: error: monitor 'etl' is declared by a.yaml and by d.yaml; rename one of "
            "the two, or remove one of the files");
}

TEST(Kinds, AFolderIsSearchedForEachKind) {
  const fs::path folder = fs::path(testing::TempDir()) / "millrace_find_kinds";
  fs::remove_all(folder);
  fs::create_directories(folder);
  std::ofstream(folder / "drift.yaml") << "monitor: drift\n";
  std::ofstream(folder / "contract.yaml") << "columns: [a]\n";
  const auto found = find_resource_files(folder, kinds_with_monitor());
  ASSERT_TRUE(found);
  EXPECT_EQ(*found, std::vector<fs::path>{folder / "drift.yaml"});
  EXPECT_EQ(find_resource_files(folder)->size(), 0u);
  fs::remove_all(folder);
}

// Linted alone such a file is an error, so it is one in a folder as well.
TEST(Kinds, AFileThatWasMeantAsAResourceIsFound) {
  const fs::path folder = fs::path(testing::TempDir()) / "millrace_find_meant";
  fs::remove_all(folder);
  fs::create_directories(folder);
  std::ofstream(folder / "misspelt.yaml") << "# mine\nmoniter: drift\n";
  std::ofstream(folder / "owned.yaml") << "owner: ada\nmodel: m\n";
  std::ofstream(folder / "compose.yaml") << "services: {db: {image: postgres}}\n";
  std::ofstream(folder / "list.yaml") << "- a\n";
  const auto found = find_yaml_files(folder, kinds_with_monitor());
  ASSERT_TRUE(found);
  EXPECT_EQ(found->resources,
            (std::vector<fs::path>{folder / "misspelt.yaml", folder / "owned.yaml"}));
  EXPECT_EQ(found->others, (std::vector<fs::path>{folder / "compose.yaml", folder / "list.yaml"}));
  fs::remove_all(folder);
}

TEST(Kinds, EachBuiltInKindHasAllThatTheTableAsksFor) {
  for (const auto& kind : builtin_kinds()) {
    EXPECT_TRUE(is_valid_id(kind.name));
    EXPECT_FALSE(kind.noun.empty());
    EXPECT_TRUE(kind.read);
    EXPECT_EQ(kind.schema(builtin_catalog())["type"].as_string(), "object") << kind.name;
  }
}

}  // namespace
}  // namespace millrace
