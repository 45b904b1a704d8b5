// Engine: the loop around a Leader. It stands by until it leads, gathers inputs while a transaction
// is in flight, and goes on as soon as that returns: no fixed tick adds to latency.
//
// Thread-safe. Owns two threads between start and stop: the loop and the lease keeper's.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/clock.h"
#include "engine/base/mutex.h"
#include "engine/base/service.h"
#include "engine/sched/leader.h"
#include "engine/sched/term_service.h"
#include "engine/store/store.h"

namespace millrace {

struct EngineOptions {
  PlannerOptions planner;
  std::string shard{kMainShard};
  std::string owner = "engine";  // for people: host and process
  /// An owner that is known to be dead, since this engine holds what that one held alone; "": none.
  std::string former_owner{};
  Duration lease_ttl = std::chrono::seconds{5};
};

/// Counters since start; read at any time.
struct EngineMetrics {
  std::atomic<std::int64_t> batches{0}, events{0}, actions{0}, commit_us{0}, largest_batch{0};
  std::atomic<std::int64_t> open_runs{0}, running_attempts{0}, attempts_in_hand{0}, queued_tasks{0},
      last_seq{0}, epoch{0};
  std::atomic<bool> leading{false};
};

class Engine {
 public:
  Engine(EngineOptions options, Stores stores, Executor& executor, const Clock& clock, Rng rng);
  ~Engine();
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;

  void start();
  /// Lets go of the lease after the present batch; running attempts are killed and will be queued
  /// again by the next leader. Safe to call twice.
  void stop();

  /// Starts no attempt any more; those that run go on. Meant to be followed by `stop`.
  void drain();
  /// True as soon as it is drained, and nothing runs here; false when the time is over.
  bool wait_until_drained(Duration patience);

  /// DAGs are remembered and handed to every term of leadership: single ones, and all of a folder.
  void put_dag(RegisterDag dag);
  void put_folder(SyncDags folder);
  /// Blocks until this engine leads or was stopped; false: stopped.
  bool wait_until_leading();

  /// Runs in each term of leadership. Call before start.
  void add_term_service(TermService service) { term_services_.push_back(std::move(service)); }

  const EngineMetrics& metrics() const { return metrics_; }
  /// Called from the loop after each durable batch, which the callback may take. Set before start.
  void on_step(std::function<void(StepReport&)> callback) { on_step_ = std::move(callback); }

 private:
  void loop();
  void lead(const Lease& lease, std::chrono::steady_clock::time_point acquired);
  bool commit_or_retry(Leader& leader, Result<StepReport> report,
                       const std::function<bool()>& still_leading);
  std::vector<Input> take_inputs(const Leader& leader, const std::function<bool()>& still_leading);
  void gather(const Leader& leader, MutexLock& lock, const std::function<bool()>& still_leading)
      REQUIRES(mutex_);
  void add_input(Input input);
  void receive(Input input) REQUIRES(mutex_);
  void note_input() REQUIRES(mutex_);  // the last one: it may be what the loop waits for
  void notice(const AcceptedCommand* accepted);
  void publish(const Leader& leader, StepReport& report);
  bool pause(Duration duration);
  bool is_draining();

  EngineOptions options_;
  Stores stores_;
  Executor& executor_;
  const Clock& clock_;
  Rng rng_;
  std::function<void(StepReport&)> on_step_;
  std::vector<TermService> term_services_;
  EngineMetrics metrics_;

  Mutex mutex_;
  ConditionVariable changed_;
  std::vector<Input> inputs_ GUARDED_BY(mutex_);
  std::map<DagKey, RegisterDag> dag_files_ GUARDED_BY(mutex_);
  std::optional<SyncDags> folder_ GUARDED_BY(mutex_);     // the newest look at it
  const Leader* gathering_ GUARDED_BY(mutex_) = nullptr;  // set: results may gather
  bool draining_ GUARDED_BY(mutex_) = false;
  bool stopping_ GUARDED_BY(mutex_) = false;
  Service service_{"engine"};
  Subscription commands_;  // last: what it calls uses everything above
};

}  // namespace millrace
