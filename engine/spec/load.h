// YAML → DagSpec. All problems of a file are reported at once, each with its place and what would
// be right. Pure but for reading files; thread-safe. Hostile files are refused within bounded time
// and memory.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/dag.h"
#include "engine/op/catalog.h"
#include "engine/spec/diagnostic.h"

namespace millrace {

struct LoadedDag {
  std::optional<DagSpec> spec;          // only if there is no error; Dag::make accepts it
  std::vector<Diagnostic> diagnostics;  // in the order of the file
  std::string source;                   // the text, for `render`
  /// The id that the text declares, also where it has errors; "" if it cannot be read.
  std::string declared;
};

/// `file` is what diagnostics call it.
LoadedDag load_dag(std::string_view text, std::string_view file, const Catalog& catalog);
/// A file that cannot be read, or is larger than 1 MiB, is a diagnostic too.
LoadedDag load_dag_file(const std::filesystem::path& path, const Catalog& catalog);

/// The files below `folder` that end in .yaml or .yml and have a top-level key `dag` or `tasks`,
/// and those that are empty or no text; sorted. Symbolic links are followed; what can be reached in
/// two ways is listed once. Other YAML files, e.g. contracts, and hidden folders are passed over.
/// not_found if there is no such folder.
Result<std::vector<std::filesystem::path>> find_dag_files(const std::filesystem::path& folder);

}  // namespace millrace
