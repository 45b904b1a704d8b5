// What authors of DAG files meet first: the schema that their editor reads, the page of each
// operator, and the DAGs that come with the program. MILLRACE_UPDATE_GOLDEN=1 writes schema and
// pages anew.
#include "operators/catalog.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "engine/base/file.h"
#include "engine/spec/load.h"
#include "engine/spec/operator_page.h"
#include "engine/spec/schema.h"

namespace millrace {
namespace {

const std::filesystem::path kDags = std::filesystem::path(MILLRACE_SOURCE_DIR) / "dags";

const std::filesystem::path kPages = std::filesystem::path(MILLRACE_SOURCE_DIR) / "docs/operators";

/// Compares `path` with `text`, or writes it anew.
void expect_in_the_tree(const std::filesystem::path& path, const std::string& text) {
  if (std::getenv("MILLRACE_UPDATE_GOLDEN") != nullptr) {
    std::filesystem::create_directories(path.parent_path());
    ASSERT_TRUE(write_file_atomic(path, text).ok());
    return;
  }
  const auto golden = read_file(path, 4u << 20);
  ASSERT_TRUE(golden) << golden.error().to_string();
  EXPECT_TRUE(*golden == text) << path << " is not what the operators say; './run docs' mends it";
}

TEST(BuiltinCatalog, SchemaInTheTreeIsWhatTheProgramPrints) {
  expect_in_the_tree(kDags / "dag.schema.json",
                     dag_json_schema(builtin_catalog()).dump_pretty() + "\n");
  expect_in_the_tree(kDags / "template.schema.json",
                     template_json_schema(builtin_catalog()).dump_pretty() + "\n");
}

TEST(BuiltinCatalog, EachOperatorHasItsPageAndNoPageIsLeftOver) {
  const Catalog catalog = builtin_catalog();
  expect_in_the_tree(kPages / "README.md", operator_index(catalog));
  for (const auto& name : catalog.names())
    expect_in_the_tree(kPages / (name + ".md"), operator_page(*catalog.find(name)));
  std::size_t pages = 0;
  for ([[maybe_unused]] const auto& page : std::filesystem::directory_iterator(kPages)) ++pages;
  EXPECT_EQ(pages, catalog.names().size() + 1);
}

TEST(BuiltinCatalog, TheExampleOnEachPageIsOneThatItsOperatorTakes) {
  const Catalog catalog = builtin_catalog();
  for (const auto& name : catalog.names()) {
    const OperatorInfo& info = *catalog.find(name);
    for (const auto& problem : info.check(example_of(info)))
      ADD_FAILURE() << name << ", " << problem.param << ": " << problem.message;
  }
}

TEST(BuiltinCatalog, LoadsTheDagsInTheTreeWithoutAWord) {
  const Catalog catalog = builtin_catalog();
  const auto files = find_resource_files(kDags);
  ASSERT_TRUE(files) << files.error().to_string();
  EXPECT_GE(files->size(), 2u);
  for (const auto& file : *files) {
    const Resource loaded = load_resource_file(file, catalog);
    EXPECT_TRUE(loaded.dag) << file;
    for (const auto& diagnostic : loaded.diagnostics) ADD_FAILURE() << to_string(diagnostic);
  }
}

}  // namespace
}  // namespace millrace
