// Loads a run as the fold of its journal: the state of every task, open or ended, at this instant.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <utility>

#include "engine/core/run.h"
#include "engine/store/store.h"

namespace millrace {

/// The Dag of a stored spec. An error is of the spec, and never transient: an unknown time zone, or
/// what an older program accepted.
Result<std::shared_ptr<const Dag>> compile_stored(const Json& spec);

/// The Dags of stored versions, each read and compiled once. Not thread-safe; keeps a reference to
/// `runs`.
class DagCache {
 public:
  explicit DagCache(RunReader& runs) : runs_(runs) {}
  Result<std::shared_ptr<const Dag>> get(const DagKey& dag, const std::string& version);
  void put(const std::shared_ptr<const Dag>& dag);

 private:
  RunReader& runs_;
  std::map<std::pair<DagKey, std::string>, std::shared_ptr<const Dag>> dags_;
};

/// `not_found` if the journal has no such run. `up_to`: only events with seq ≤ up_to; 0 means all.
Result<Run> load_run(Journal& journal, DagCache& dags, const Uuid& id, std::int64_t up_to = 0);
Result<Run> load_run(Journal& journal, RunReader& runs, const Uuid& id, std::int64_t up_to = 0);

}  // namespace millrace
