// RunNames: which DAG a run is of, and what its tasks are called. Events name tasks by their index;
// what others see names them by their ids. Known from the events themselves, and from the store for
// runs that began before. Thread-safe; no lock is held while the store is asked.
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

/// One version of a DAG. "" where nothing is known any more.
struct DagNames {
  DagKey dag;
  std::string version;
  std::vector<std::string> tasks;  // by index
  /// "" for a task that is not known.
  std::string_view task(int index) const;
};

class RunNames {
 public:
  explicit RunNames(RunReader& runs) : runs_(runs) {}

  /// A run that has not finished.
  void open(const Uuid& run, DagKey dag, std::string version);
  /// Learns what the events tell of runs that begin and end.
  void take(const Event& event);
  /// The DAG of the event's run, empty if it is about none. For a run that is open again it asks
  /// the store.
  DagKey dag_of(const Event& event);
  /// Asks the store for what is not known; of a run that retention has removed all names are "".
  Result<std::shared_ptr<const DagNames>> of(const Uuid& run);
  std::size_t open_runs() const;

 private:
  using Version = std::pair<DagKey, std::string>;  // DAG and digest
  /// An entry that is kept for this long at least: so many others come before it goes.
  static constexpr std::size_t kMostOld = 1'000, kMostVersions = 1'000;

  Result<Version> version_of(const Uuid& run);
  Result<std::shared_ptr<const DagNames>> names_of_version(const Version& version);

  RunReader& runs_;
  mutable Mutex mutex_;
  std::unordered_map<Uuid, Version> open_ GUARDED_BY(mutex_);
  std::unordered_map<Uuid, Version> old_ GUARDED_BY(mutex_);
  std::map<Version, std::shared_ptr<const DagNames>> by_version_ GUARDED_BY(mutex_);
};

}  // namespace millrace::follow
