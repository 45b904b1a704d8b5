// Checks of runs that tasks start in other DAGs, by the operator `dag.run`.
#pragma once

#include <vector>

#include "engine/op/catalog.h"
#include "engine/spec/read_dag.h"
#include "engine/spec/resource.h"

namespace millrace {

/// Params that the DAG of another file does not take: a warning, since its next version may.
std::vector<Diagnostic> check_params_of_runs(const std::vector<Resource>& resources,
                                             const Catalog& catalog);

namespace spec {
/// A DAG that starts itself: a warning.
void check_own_runs(const LocatedDag& dag, const Loading& loading);
}  // namespace spec

}  // namespace millrace
