// Checks of what DAGs do to datasets, and to each other by them.
#pragma once

#include <string>
#include <vector>

#include "engine/core/dag.h"
#include "engine/op/catalog.h"
#include "engine/spec/resource.h"

namespace millrace {

/// The datasets that tasks of the DAG update by the constant parameter `dataset` of their operator.
std::vector<std::string> updated_datasets(const DagSpec& spec, const Catalog& catalog);

/// A ring of DAGs each of which updates a dataset that starts the next would run for ever: an error
/// in each of its files.
std::vector<Diagnostic> check_dataset_rings(const std::vector<Resource>& resources,
                                            const Catalog& catalog);

}  // namespace millrace
