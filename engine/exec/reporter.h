// Reporter: hands results to the engine, and to nobody any more once everything was killed.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <vector>

#include "engine/core/executor.h"

namespace millrace::exec {

/// A result on its way, with the generation in which its attempt was started.
struct PendingResult {
  std::int64_t generation = 0;
  AttemptResult result;
};

/// Thread-safe. The engine must not hold a lock that its report callback takes when it calls
/// `forget`.
class Reporter {
 public:
  void set(Executor::Report report);
  /// What attempts are started in now.
  std::int64_t generation() const { return generation_.load(); }
  /// Results of earlier generations are dropped.
  void deliver(std::vector<PendingResult> results);
  /// Begins a new generation. On return, no report of an earlier one is under way.
  void forget();

 private:
  std::mutex mutex_;                          // held while reporting
  std::atomic<std::int64_t> generation_ = 1;  // changes under the mutex
  Executor::Report report_;
};

}  // namespace millrace::exec
