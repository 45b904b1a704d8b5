// Executor: carries attempts out. The engine knows runners, Slurm and the simulation's fakes only
// through this.
#pragma once

#include <chrono>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "engine/base/id.h"
#include "engine/base/json.h"
#include "engine/core/attempt.h"
#include "engine/core/dag.h"
#include "engine/core/event.h"
#include "engine/core/outcome.h"

namespace millrace {

/// Names one call of one attempt for ever: a completion that does not carry the current one is
/// refused.
struct AttemptKey {
  Uuid run;
  TaskRef ref;
  int attempt = 0;
  std::int64_t epoch = 0;
  int call = 0;  // how often the attempt was deferred before
  friend auto operator<=>(const AttemptKey&, const AttemptKey&) = default;
};

/// Start this, now that its event is durable.
struct StartAttempt {
  AttemptKey key;
  AttemptInfo info;
  std::string op;
  Json with;           // rendered: no expressions left
  Duration timeout{};  // from its begin; then the executor ends the attempt and reports `timeout`
  Duration grace = kDefaultKillGrace;   // from SIGTERM to SIGKILL, whatever the reason to end it
  std::int64_t memory_limit_bytes = 0;  // 0: none
  int priority = 0;                     // of those that wait for a runner, higher ones begin first
  std::string executor = std::string(kProcessExecutor);
};

/// The attempt's work has begun in a process.
struct AttemptBegan {
  AttemptKey key;
  Time at{};
};

struct AttemptResult {
  AttemptKey key;
  Result<Outcome> outcome;
  // What ran it was ended from outside, by no limit of ours and no fault of its own: it is tried
  // again without costing a retry.
  bool lost = false;
  /// When its work began. Of an attempt in a process; nullopt: it never did.
  std::optional<Time> began{};
};

/// A text that the next attempt is to find if this one does not succeed. The attempt goes on.
struct AttemptSaved {
  AttemptKey key;
  std::string state;
};

using AttemptReport = std::variant<AttemptResult, AttemptBegan, AttemptSaved>;

/// Thread-safe. Each started attempt has exactly one result, also when it was cancelled or its
/// runner died (`lost`, with `unavailable`), and not before every process of it has ended. That it
/// began is reported before, if it goes on for more than a moment; otherwise its result says so.
/// What it saves is reported before its result.
/// After `kill_all` nothing is reported any more and nothing runs.
class Executor {
 public:
  using Report = std::function<void(std::vector<AttemptReport>)>;
  virtual ~Executor() = default;
  /// Call once, before the first start. Called back from threads of the executor, and from within
  /// `start`.
  virtual void on_report(Report report) = 0;
  /// Never blocks on the attempts themselves.
  virtual void start(std::vector<StartAttempt> attempts) = 0;
  /// Ends the attempt: it gets its grace, or none if `at_once`, also after a first call. It is
  /// reported as `cancelled`. Unknown keys are ignored.
  virtual void cancel(const AttemptKey& key, bool at_once) = 0;
  /// From now on no attempt begins: those that have not are reported as `lost`.
  virtual void hold() {}
  /// The leader's lease runs until then, and until the next call: an attempt that is still under
  /// way at that time ends, also while this process is frozen.
  virtual void lease_runs_until(std::chrono::steady_clock::time_point) {}
  /// Ends what attempts of former engines have left running on this machine; returns when it is
  /// dead. Call it when no attempt of this executor is under way.
  virtual void end_strays() {}
  /// For a leader that lost its lease: ends every attempt before it returns. One whose attempts
  /// survive lets go of them instead: it reports nothing of them until they are adopted.
  virtual void kill_all() = 0;

  /// True: attempts go on when the engine that started them is gone, and the next leader adopts
  /// them. False: they end with it.
  virtual bool survives_leader() const { return false; }
  /// Once in each term, before its first start: the attempts of former leaders that are still
  /// wanted. Each has exactly one result again, also if it was reported to a former leader; one of
  /// which the executor knows nothing is `lost` and never began. An attempt that had the slot of
  /// another is reported after the end of that one. What else former leaders have started ends
  /// before this returns. REQUIRES: survives_leader().
  virtual void adopt(std::vector<AttemptKey> attempts) { (void)attempts; }
};

}  // namespace millrace
