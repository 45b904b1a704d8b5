// Reporter: hands results to the engine, until everything was killed.
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "engine/base/mutex.h"
#include "engine/core/executor.h"

namespace millrace::exec {

/// A report on its way, with the generation in which its attempt was started.
struct PendingReport {
  std::int64_t generation = 0;
  AttemptReport report;
};

/// Thread-safe. The engine must not hold a lock that its report callback takes when it calls
/// `forget`.
class Reporter {
 public:
  void set(Executor::Report report);
  /// What attempts are started in now.
  std::int64_t generation() const { return generation_.load(); }
  /// Reports of earlier generations are dropped.
  void deliver(std::vector<PendingReport> reports);
  /// Begins a new generation. On return, no report of an earlier one is under way.
  void forget();

 private:
  Mutex mutex_;                               // held while reporting
  std::atomic<std::int64_t> generation_ = 1;  // changes under the mutex
  Executor::Report report_ GUARDED_BY(mutex_);
};

}  // namespace millrace::exec
