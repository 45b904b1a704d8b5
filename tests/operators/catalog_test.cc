// What authors of DAG files meet first: the schema that their editor reads, and the DAGs that come
// with the program. MILLRACE_UPDATE_GOLDEN=1 writes the schema anew.
#include "operators/catalog.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "engine/base/file.h"
#include "engine/spec/load.h"
#include "engine/spec/schema.h"

namespace millrace {
namespace {

const std::filesystem::path kDags = std::filesystem::path(MILLRACE_SOURCE_DIR) / "dags";

TEST(BuiltinCatalog, SchemaInTheTreeIsWhatTheProgramPrints) {
  const auto path = kDags / "dag.schema.json";
  const std::string schema = dag_json_schema(builtin_catalog()).dump_pretty() + "\n";
  if (std::getenv("MILLRACE_UPDATE_GOLDEN") != nullptr) {
    ASSERT_TRUE(write_file_atomic(path, schema).ok());
    return;
  }
  const auto golden = read_file(path, 4u << 20);
  ASSERT_TRUE(golden) << golden.error().to_string();
  EXPECT_TRUE(*golden == schema) << path << " is not what the operators say; './run docs' mends it";
}

TEST(BuiltinCatalog, LoadsTheDagsInTheTreeWithoutAWord) {
  const Catalog catalog = builtin_catalog();
  const auto files = find_dag_files(kDags);
  ASSERT_TRUE(files) << files.error().to_string();
  EXPECT_GE(files->size(), 2u);
  for (const auto& file : *files) {
    const LoadedDag loaded = load_dag_file(file, catalog);
    EXPECT_TRUE(loaded.spec) << file;
    for (const auto& diagnostic : loaded.diagnostics) ADD_FAILURE() << to_string(diagnostic);
  }
}

}  // namespace
}  // namespace millrace
