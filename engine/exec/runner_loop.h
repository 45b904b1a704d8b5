// RunnerLoop: the one thread that manages all runners. It waits in epoll for their messages, output
// and exits, and for requests of the engine. It never blocks elsewhere.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <vector>

#include "engine/base/mutex.h"
#include "engine/base/service.h"
#include "engine/exec/lease_page.h"
#include "engine/exec/log_writer.h"
#include "engine/exec/runner_pool.h"
#include "engine/exec/runner_process.h"
#include "engine/exec/strays.h"
#include "engine/exec/task_threads.h"

namespace millrace::exec {

/// The public functions are thread-safe. Only the thread uses the private members below `mutex_`
/// that have no GUARDED_BY, except `lease_`, which is thread-safe.
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

  // An epoll tag holds the serial of a runner and the Source. Tag 0 is the wake-up of this thread.
  enum class Source : std::uint64_t { socket = 0, exit = 1, first_output = 2, second_output = 3 };
  static constexpr std::array kOutputs = {Source::first_output, Source::second_output};
  static constexpr std::uint64_t kWakeTag = 0;
  // More than the descriptors of all runners, so that one epoll_wait returns all events: a message
  // that has arrived is read before its runner is judged to be silent.
  static constexpr std::size_t kMostEvents = 1024;
  static std::uint64_t tag_of(const RunnerProcess& runner, Source source) {
    return runner.serial << 2 | static_cast<std::uint64_t>(source);
  }

  struct Answer {
    std::uint64_t runner = 0;
    std::string frame;
  };
  struct Cancel {
    AttemptKey key;
    bool at_once = false;
  };
  /// Requests of other threads since the last `take_requests`.
  struct Requests {
    std::vector<QueuedAttempt> starts;
    std::vector<Cancel> cancels;
    std::vector<Answer> answers;
    bool hold = false;
    bool kill_all = false;
  };

  void run();
  void take_requests();
  int wait_ms(SteadyTime now) const;

  // events of runners and of time
  void on_event(std::uint64_t tag, std::uint32_t events);
  void on_socket(RunnerProcess& runner, std::size_t limit);
  void on_message(RunnerProcess& runner, RunnerMessage message);
  void on_query(RunnerProcess& runner, QueryMessage query);
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

  void watch(int fd, std::uint64_t tag, std::uint32_t events);
  void change(int fd, std::uint64_t tag, std::uint32_t events);
  void send(RunnerProcess& runner, Result<std::string> frame);

  const RunnerPoolConfig& config_;
  const RunnerPoolParts& parts_;
  LogWriter& logs_;
  Reporter& reporter_;

  Mutex mutex_;
  ConditionVariable killed_;
  Requests requests_ GUARDED_BY(mutex_);
  std::int64_t kills_asked_ GUARDED_BY(mutex_) = 0;
  std::int64_t kills_done_ GUARDED_BY(mutex_) = 0;

  UniqueFd epoll_;
  Runners runners_;
  Strays strays_;
  LeasePage lease_;
  AttemptQueue queue_;
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
