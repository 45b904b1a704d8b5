// RunnerLoop: the one thread that manages all runners. It waits in an EventLoop for their messages,
// output and exits, and for requests of the engine. It never blocks elsewhere.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "engine/base/service.h"
#include "engine/exec/event_loop.h"
#include "engine/exec/lease_page.h"
#include "engine/exec/log_writer.h"
#include "engine/exec/runner_pool.h"
#include "engine/exec/runner_process.h"
#include "engine/exec/strays.h"
#include "engine/exec/task_threads.h"

namespace millrace::exec {

/// The public functions are thread-safe. Only the thread uses the private members, except `loop_`
/// and `lease_`.
class RunnerLoop {
 public:
  RunnerLoop(const RunnerPoolConfig& config, const RunnerPoolParts& parts, LogWriter& logs,
             Reporter& reporter);
  /// Kills every runner.
  ~RunnerLoop();

  void start(std::vector<QueuedAttempt> attempts);
  void cancel(const AttemptKey& key, bool at_once);
  /// From now on no attempt begins. Attempts that have not begun are reported as lost.
  void hold();
  /// On return no attempt waits or runs, and all runners have ended.
  void kill_all();
  void lease_runs_until(SteadyTime until) { lease_.set(until); }

 private:
  using Runners = std::map<std::uint64_t, std::unique_ptr<RunnerProcess>>;  // by serial

  struct Cancel {
    AttemptKey key;
    bool at_once = false;
  };

  void run();
  std::optional<Duration> longest_wait(SteadyTime now) const;

  // events of runners and of time
  void on_socket(RunnerProcess& runner, std::size_t limit);
  void on_message(RunnerProcess& runner, RunnerMessage message);
  void on_query(RunnerProcess& runner, QueryMessage query);
  void on_answer(std::uint64_t serial, Result<std::string> frame);
  void on_saved(RunnerProcess& runner, SavedMessage saved);
  void on_done(RunnerProcess& runner, DoneMessage done);
  void on_output(RunnerProcess& runner, std::size_t output);
  void on_exit(RunnerProcess& runner);
  bool finish_dead(RunnerProcess& runner);
  void finish_all_dead();
  std::set<pid_t> runner_pids() const;
  void on_time(SteadyTime now);
  void check_deadlines(RunnerProcess& runner, SteadyTime now);
  void look_for_begin(RunnerProcess& runner, SteadyTime now);
  Duration since(SteadyTime time) const;
  /// How long ago the runner began the attempt; nullopt: it has not begun.
  std::optional<Duration> since_begin(const RunnerProcess& runner,
                                      const RunningAttempt& attempt) const;
  void note_begin(RunningAttempt& attempt, Duration ago);
  void report_death(RunnerProcess& runner, std::unique_ptr<RunningAttempt> attempt, int status);

  // which runner gets which attempt
  void dispatch();
  void give_to_idle();
  void give_ahead();
  void recall_less_urgent();
  void give(RunnerProcess& runner, QueuedAttempt attempt);
  void begin(RunnerProcess& runner, std::unique_ptr<RunningAttempt> attempt);
  bool take_back_running(RunnerProcess& runner);
  void take_back_next(RunnerProcess& runner);
  void queue_again(std::unique_ptr<RunningAttempt> attempt);
  void queue(QueuedAttempt attempt);
  QueuedAttempt take_first();
  void begin_next(RunnerProcess& runner);

  // actions
  void spawn_some();
  void spawn_one();
  void note_start_failure(const Error& error);
  void cancel_attempts(const std::vector<Cancel>& cancels);
  void hold_attempts();
  void end_with_grace(RunnerProcess& runner, EndReason reason);
  void end_early(RunnerProcess& runner, EndReason reason);
  void kill(RunnerProcess& runner);
  void retire(RunnerProcess& runner);
  void flush_log(RunningAttempt& running);
  void finish(std::unique_ptr<RunningAttempt> attempt, Result<Outcome> outcome, bool lost = false);
  void report(const QueuedAttempt& attempt, Result<Outcome> outcome, bool lost = false);
  void send_report(PendingReport report);
  void send_behind_log(std::optional<LogPiece> piece, PendingReport report);
  void remove_later(std::string folder);
  void kill_everything();

  void watch(RunnerProcess& runner);
  void send(RunnerProcess& runner, Result<std::string> frame);
  void send_rest(RunnerProcess& runner);

  const RunnerPoolConfig& config_;
  const RunnerPoolParts& parts_;
  LogWriter& logs_;
  Reporter& reporter_;

  EventLoop loop_;
  Runners runners_;
  Strays strays_;
  LeasePage lease_;
  AttemptQueue queue_;
  std::vector<Cancel> cancels_;  // of this round
  std::vector<PendingReport> ready_;
  std::uint64_t next_serial_ = 1, next_order_ = 1;
  std::int64_t next_attempt_id_ = 1;
  int start_failures_ = 0;  // in a row
  std::optional<SteadyTime> spawn_again_at_;
  bool held_ = false;
  TaskThreads threads_{2};
  Service service_{"runners"};  // last, because it uses all members above
};

}  // namespace millrace::exec
