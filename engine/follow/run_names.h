// RunNames: the DAG of each run and the ids of its tasks. Events name a task by its index; event
// views name it by its id. The names come from the events themselves or, for runs that began
// before, from the store. Thread-safe. No lock is held during a call of the store.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "engine/base/mutex.h"
#include "engine/core/event.h"
#include "engine/store/store.h"

namespace millrace::follow {

/// The names in one version of a DAG. They are "" if retention has removed the run.
struct DagNames {
  DagKey dag;
  std::string version;
  std::vector<std::string> tasks;  // by index
  /// The id of the task; "" if it is not known.
  std::string_view task(int index) const;
};

class RunNames {
 public:
  explicit RunNames(RunReader& runs) : runs_(runs) {}

  /// Adds a run that has not finished.
  void open(const Uuid& run, DagKey dag, std::string version);
  /// Adds and removes the runs that begin and end with this event. For a finished run that is
  /// opened again, it may call the store.
  void take(const Event& event);
  /// The DAG of the event's run. Empty if the event is about no run, or the run is not in memory.
  DagKey dag_of(const Event& event);
  /// Reads names that are not in memory from the store. If retention has removed the run, all names
  /// are "".
  Result<std::shared_ptr<const DagNames>> of(const Uuid& run);
  std::size_t open_runs() const;

 private:
  using Version = std::pair<DagKey, std::string>;  // DAG and digest
  /// Maximum sizes of `old_` and `by_version_`. A map that is full is cleared.
  static constexpr std::size_t kMostOld = 1'000, kMostVersions = 1'000;

  Result<Version> version_of(const Uuid& run);
  Result<std::shared_ptr<const DagNames>> names_of_version(const Version& version);

  RunReader& runs_;
  mutable Mutex mutex_;
  std::unordered_map<Uuid, Version> open_ GUARDED_BY(mutex_);  // runs that have not finished
  std::unordered_map<Uuid, Version> old_ GUARDED_BY(mutex_);   // finished runs
  std::map<Version, std::shared_ptr<const DagNames>> by_version_ GUARDED_BY(mutex_);
};

}  // namespace millrace::follow
