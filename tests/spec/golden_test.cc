// Tests as data: tests/cases/lint/*.yaml with the diagnostics expected of each,
// tests/cases/valid/*.yaml with the canonical JSON. MILLRACE_UPDATE_GOLDEN=1 writes the expected
// texts anew.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "engine/base/file.h"
#include "engine/spec/load.h"
#include "operators/catalog.h"

namespace millrace {
namespace {

namespace fs = std::filesystem;

fs::path cases(const std::string& folder) {
  return fs::path(MILLRACE_SOURCE_DIR) / "tests/cases" / folder;
}

std::vector<fs::path> yaml_files(const fs::path& folder) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder))
    if (entry.path().extension() == ".yaml") files.push_back(entry.path());
  std::ranges::sort(files);
  return files;
}

void expect_golden(const fs::path& path, const std::string& actual) {
  if (std::getenv("MILLRACE_UPDATE_GOLDEN") != nullptr) {
    ASSERT_TRUE(write_file_atomic(path, actual).ok());
    return;
  }
  const auto expected = read_file(path, 1u << 20);
  ASSERT_TRUE(expected) << path << " is missing; MILLRACE_UPDATE_GOLDEN=1 writes it";
  EXPECT_EQ(*expected, actual) << path;
}

/// Loaded under its bare file name, so that the golden text does not hold a path of this machine.
LoadedDag load(const fs::path& path) {
  const auto text = read_file(path, 1u << 20);
  EXPECT_TRUE(text);
  return load_dag(*text, path.filename().string(), builtin_catalog());
}

TEST(Golden, MistakesAreToldAsExpected) {
  const auto files = yaml_files(cases("lint"));
  ASSERT_GE(files.size(), 10u);
  for (const auto& path : files) {
    const LoadedDag loaded = load(path);
    EXPECT_FALSE(loaded.spec) << path;
    EXPECT_TRUE(has_errors(loaded.diagnostics)) << path;
    std::string text;
    for (const auto& diagnostic : loaded.diagnostics) text += render(diagnostic, loaded.source);
    expect_golden(fs::path(path).replace_extension(".expected"), text);
  }
}

TEST(Golden, ValidFilesHaveTheExpectedCanonicalForm) {
  const auto files = yaml_files(cases("valid"));
  ASSERT_GE(files.size(), 3u);
  for (const auto& path : files) {
    const LoadedDag loaded = load(path);
    for (const auto& diagnostic : loaded.diagnostics) ADD_FAILURE() << to_string(diagnostic);
    ASSERT_TRUE(loaded.spec) << path;
    const auto dag = Dag::make(*loaded.spec);
    ASSERT_TRUE(dag) << dag.error().to_string();
    expect_golden(fs::path(path).replace_extension(".expected"),
                  Dag::to_json(*loaded.spec).dump_pretty() + "\n");
    const auto back = Dag::spec_from_json(Dag::to_json(*loaded.spec));
    ASSERT_TRUE(back) << path;
    EXPECT_EQ(Dag::to_json(*back).dump_canonical(), Dag::to_json(*loaded.spec).dump_canonical());
  }
}

TEST(Golden, TenMistakesAreTenLocatedDiagnostics) {
  const LoadedDag loaded = load(cases("lint") / "ten_mistakes.yaml");
  EXPECT_EQ(loaded.diagnostics.size(), 10u);
  for (const auto& diagnostic : loaded.diagnostics) {
    EXPECT_GT(diagnostic.line, 0);
    EXPECT_GT(diagnostic.column, 0);
    EXPECT_FALSE(diagnostic.code.empty());
  }
}

}  // namespace
}  // namespace millrace
