// LightLane: carries out light attempts, in the order of their start: a few at once in the thread
// that starts them, since a change of threads would take longer than they do, many in a thread of
// its own, so that the caller goes on.
#pragma once

#include <functional>
#include <set>
#include <vector>

#include "engine/base/mutex.h"
#include "engine/base/service.h"
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
  void run_queued();
  void ended() REQUIRES(mutex_);
  void run_batch(std::vector<QueuedAttempt>& batch);
  void finish(AttemptLog& log, PendingReport&& report, std::vector<PendingReport>& ready);
  Result<Outcome> run_one(const StartAttempt& attempt, AttemptLog& log);
  bool is_cancelled(const AttemptKey& key);

  const RunnerPoolConfig& config_;
  const RunnerPoolParts& parts_;
  LogWriter& logs_;
  Reporter& reporter_;
  Mutex mutex_;
  ConditionVariable idle_;
  std::vector<QueuedAttempt> queue_ GUARDED_BY(mutex_);
  // Of those that wait or run; emptied when none does.
  std::set<AttemptKey> cancelled_ GUARDED_BY(mutex_);
  bool busy_ GUARDED_BY(mutex_) = false;
  bool dropping_ GUARDED_BY(mutex_) = false;
  bool stopping_ GUARDED_BY(mutex_) = false;
  Service service_{"thread tasks"};  // last: it uses everything above
};

}  // namespace millrace::exec
