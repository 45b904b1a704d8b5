// Checks that need more than one file: DAGs of one name, and rings of DAGs that start each other.
#pragma once

#include <string>
#include <vector>

#include "engine/core/dag.h"
#include "engine/op/catalog.h"
#include "engine/spec/load.h"

namespace millrace {

/// The datasets that tasks of the DAG update by the constant parameter `dataset` of their operator.
std::vector<std::string> updated_datasets(const DagSpec& spec, const Catalog& catalog);

struct LoadedFile {
  std::string path;
  LoadedDag loaded;
};

/// A ring of DAGs each of which updates a dataset that starts the next would run for ever: an error
/// in each of its files.
std::vector<Diagnostic> check_dataset_rings(const std::vector<LoadedFile>& files,
                                            const Catalog& catalog);
/// A second file with the id of an earlier one.
std::vector<Diagnostic> check_twins(const std::vector<LoadedFile>& files);

}  // namespace millrace
