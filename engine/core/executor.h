// Executor: carries attempts out. The engine knows runners, Slurm and the simulation's fakes only
// through this.
#pragma once

#include <functional>
#include <span>
#include <string>
#include <vector>

#include "engine/base/id.h"
#include "engine/base/json.h"
#include "engine/core/attempt.h"
#include "engine/core/event.h"
#include "engine/core/outcome.h"

namespace millrace {

/// Names one attempt for ever: a completion that does not carry the current one is refused.
struct AttemptKey {
  Uuid run;
  TaskRef ref;
  int attempt = 0;
  std::int64_t epoch = 0;
  friend auto operator<=>(const AttemptKey&, const AttemptKey&) = default;
};

/// Start this, now that its event is durable.
struct StartAttempt {
  AttemptKey key;
  AttemptInfo info;
  std::string op;
  Json with;                            // rendered: no expressions left
  Duration timeout{};                   // the executor kills the attempt then and reports `timeout`
  std::int64_t memory_limit_bytes = 0;  // 0: none
  bool light = false;                   // may run in a thread of the engine
};

struct AttemptResult {
  AttemptKey key;
  Result<Outcome> outcome;
  // What ran it was ended from outside, by no limit of ours and no fault of its own: it is tried
  // again without costing a retry.
  bool lost = false;
};

/// Thread-safe. Each started attempt is reported exactly once, also when it was cancelled or its
/// runner died
/// (`lost`, with `unavailable`). After `kill_all` nothing is reported any more and nothing runs.
class Executor {
 public:
  using Report = std::function<void(std::vector<AttemptResult>)>;
  virtual ~Executor() = default;
  /// Call once, before the first start. Called back from threads of the executor, and from within
  /// `start`.
  virtual void on_report(Report report) = 0;
  /// Never blocks on the attempts themselves.
  virtual void start(std::vector<StartAttempt> attempts) = 0;
  /// Kills the attempt's process group; it is reported as `cancelled`. Unknown keys are ignored.
  virtual void cancel(const AttemptKey& key) = 0;
  /// For a leader that lost its lease: ends every attempt before it returns.
  virtual void kill_all() = 0;
};

}  // namespace millrace
