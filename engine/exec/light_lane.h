// LightLane: carries out light attempts, in the order of their start: a few at once in the thread
// that starts them, since a change of threads would take longer than they do, many in a thread of
// its own, so that the caller goes on.
#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <set>
#include <thread>
#include <vector>

#include "engine/exec/log_writer.h"
#include "engine/exec/runner_pool.h"
#include "engine/exec/runner_process.h"

namespace millrace::exec {

/// Thread-safe.
class LightLane {
 public:
  LightLane(const RunnerPoolConfig& config, const RunnerPoolParts& parts, LogWriter& logs,
            Reporter& reporter);
  ~LightLane();

  void start(std::vector<QueuedAttempt> attempts);
  /// Ends it before its turn; one that runs already ends by itself.
  void cancel(const AttemptKey& key);
  /// On return nothing waits and nothing runs.
  void drop_all();

 private:
  bool run_at_once(std::vector<QueuedAttempt>& attempts);
  void run();
  void run_batch(std::vector<QueuedAttempt>& batch);
  void finish(AttemptLog& log, PendingReport report, std::vector<PendingReport>& ready);
  Result<Outcome> run_one(const StartAttempt& attempt, AttemptLog& log);
  bool is_cancelled(const AttemptKey& key);

  const RunnerPoolConfig& config_;
  const RunnerPoolParts& parts_;
  LogWriter& logs_;
  Reporter& reporter_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<QueuedAttempt> queue_;
  std::set<AttemptKey> cancelled_;  // of those that wait or run; emptied when none does
  bool busy_ = false;
  bool dropping_ = false;
  bool stopping_ = false;
  std::thread thread_;  // last: it uses everything above
};

}  // namespace millrace::exec
