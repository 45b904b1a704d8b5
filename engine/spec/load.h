// YAML → resources. All problems of a file are reported at once, each with its place and what would
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
#include "engine/spec/resource.h"
#include "engine/spec/templates.h"

namespace millrace {

/// The first key that names a kind chooses the reader. A file that names none, or two, is an error.
/// `file` is what diagnostics call it; `templates` are those that its tasks may use.
Resource load_resource(std::string_view text, std::string_view file, const Catalog& catalog,
                       const ResourceKinds& kinds = builtin_kinds(),
                       const Templates& templates = no_templates());
/// A file that cannot be read, or is larger than 1 MiB, is a diagnostic too.
Resource load_resource_file(const std::filesystem::path& path, const Catalog& catalog,
                            const ResourceKinds& kinds = builtin_kinds(),
                            const Templates& templates = no_templates());

struct LoadedDag {
  std::optional<DagSpec> spec;          // only if there is no error; Dag::make accepts it
  std::vector<Diagnostic> diagnostics;  // in the order of the file
  std::string source;                   // the text, for `render`
  /// The DAG that the text declares, also where it has errors; empty if it cannot be read.
  DagKey declared;
};
/// Where only a DAG is of use.
LoadedDag load_dag(std::string_view text, std::string_view file, const Catalog& catalog,
                   const Templates& templates = no_templates());

struct FoundFiles {
  /// With a top-level key that names a kind, marks one or nearly names one, and those that are
  /// empty or no text.
  std::vector<std::filesystem::path> resources;
  std::vector<std::filesystem::path> templates;  // those of `resources` that declare a template
  /// Other YAML, e.g. contracts.
  std::vector<std::filesystem::path> others;
};
/// The files below `folder` that end in .yaml or .yml; sorted. Symbolic links are followed; what
/// can be reached in two ways is listed once. Hidden files and folders are passed over. not_found
/// if there is no such folder.
Result<FoundFiles> find_yaml_files(const std::filesystem::path& folder,
                                   const ResourceKinds& kinds = builtin_kinds());
/// Its `resources`.
Result<std::vector<std::filesystem::path>> find_resource_files(
    const std::filesystem::path& folder, const ResourceKinds& kinds = builtin_kinds());

/// A second file that declares what an earlier one does.
std::vector<Diagnostic> check_twins(const std::vector<Resource>& resources,
                                    const ResourceKinds& kinds = builtin_kinds());
/// What the kinds find in several files together, but for twins.
std::vector<Diagnostic> check_together(const std::vector<Resource>& resources,
                                       const Catalog& catalog,
                                       const ResourceKinds& kinds = builtin_kinds());

}  // namespace millrace
