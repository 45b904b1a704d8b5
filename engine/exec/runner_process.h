// RunnerProcess: one runner as the engine sees it. Owned and used by the event loop's thread alone.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "engine/exec/attempt_log.h"
#include "engine/exec/begin_page.h"
#include "engine/exec/event_loop.h"
#include "engine/exec/frame.h"
#include "engine/exec/protocol.h"
#include "engine/exec/spawn_runner.h"

namespace millrace::exec {

using SteadyTime = std::chrono::steady_clock::time_point;

/// How long an attempt that a runner was given ahead waits for the one before it. Then another
/// runner may have it.
inline constexpr std::chrono::milliseconds kLongestWaitAhead{50};
/// Of an attempt: the engine then looks on the begin page whether it has begun.
inline constexpr Duration kFirstLook = std::chrono::milliseconds{20};

/// An attempt that waits for a runner.
struct QueuedAttempt {
  StartAttempt start;
  std::int64_t generation = 0;
  std::uint64_t order = 0;  // in which it came
  int deaths = 0;           // of runners that it was given to and that did not come to begin it
};

/// Those that have not been given to a runner, the next one first: higher priorities, then in the
/// order in which they came, also if one was given and taken back.
struct BeginsBefore {
  bool operator()(const QueuedAttempt& a, const QueuedAttempt& b) const {
    return a.start.priority != b.start.priority ? a.start.priority > b.start.priority
                                                : a.order < b.order;
  }
};
using AttemptQueue = std::set<QueuedAttempt, BeginsBefore>;

/// Why an attempt is being ended early. The first reason is kept.
enum class EndReason { none, timeout, cancelled, silent, protocol };

/// An attempt that a runner has been given.
struct RunningAttempt {
  RunningAttempt(QueuedAttempt queued, std::int64_t number, std::size_t its_output,
                 std::int64_t log_limit)
      : attempt(std::move(queued)), id(number), output(its_output), log(attempt.start, log_limit) {}

  QueuedAttempt attempt;
  std::int64_t id;
  std::size_t output;  // which of the runner's
  AttemptLog log;
  SteadyTime given;                         // the runner was free for it
  std::optional<Time> began;                // nullopt: not seen on the begin page
  SteadyTime look_at = SteadyTime::max();   // until then, when to look at the page
  SteadyTime deadline = SteadyTime::max();  // known when the begin is
  std::optional<SteadyTime> kill_at;        // end of the grace of one that is to end
  bool at_once = false;                     // it gets no grace
  std::optional<SteadyTime> flush_at;       // when gathered log lines go to the store
  EndReason reason = EndReason::none;
  bool out_of_memory = false;
};

class RunnerProcess {
 public:
  enum class State {
    starting,  // no hello yet
    idle,
    busy,
    leaving,  // asked to end (its socket is closed), or killed; still to be reaped
  };

  RunnerProcess(SpawnedRunner spawned, std::unique_ptr<BeginPage> begins, std::uint64_t serial,
                std::string work_dir, SteadyTime now);

  /// Sends what fits, keeps the rest. A dead peer is no error here: its end is seen elsewhere.
  void send(std::string frame);
  /// Goes on sending; true while something is left (wait for writability).
  bool flush();
  bool has_unsent() const { return sent_ < outbox_.size(); }

  /// Whole messages that have arrived, from at most about `limit` bytes. `closed`: the other end is
  /// gone.
  struct Received {
    std::vector<std::string> payloads;
    bool closed = false;
  };
  Result<Received> receive(std::size_t limit);
  /// The attempt, running or next, that prints to this output; nullptr: none.
  RunningAttempt* attempt_of(std::size_t output) const;
  /// Reads what was printed to an output, up to `limit` bytes or until nothing is left; into the
  /// log of its attempt, if there is one.
  void read_output(std::size_t output, std::size_t limit);
  /// Kills it and everything below it, once; returns what was below it.
  std::vector<pid_t> kill();

  /// True: it has not begun the attempt and never will.
  bool take_back(const RunningAttempt& attempt) {
    return begins->take_back(attempt.output, attempt.id);
  }

  const SpawnedRunner process;
  const std::unique_ptr<BeginPage> begins;
  const std::uint64_t serial;
  const std::string work_dir;  // of its attempts
  State state = State::starting;
  std::unique_ptr<RunningAttempt> running;
  // Given ahead, so that the runner need not wait for us between two short attempts. It begins once
  // the runner has said that `running` is done.
  std::unique_ptr<RunningAttempt> next;
  bool exited = false;  // it is dead, and what came from it may not be
  bool retires_when_idle = false;
  SteadyTime last_heard;
  std::int64_t attempts = 0;
  bool greeted = false;  // it said a hello that we understand
  struct Output {
    EventLoop::Watch watch;
    bool paused = false;
    bool ended = false;
  };
  std::array<Output, kRunnerOutputFds.size()> outputs;
  EventLoop::Watch messages, exit;

 private:
  FrameReader frames_;
  std::string outbox_;
  std::size_t sent_ = 0;
};

/// The result of an attempt that was ended early and reported `outcome` before it exited.
Result<Outcome> outcome_of_end(const RunningAttempt& attempt, Result<Outcome> outcome);
/// What the engine hears of an attempt whose runner has ended with `status` (of waitpid).
Error error_of_death(const RunningAttempt& attempt, int status, Duration silence_limit);
/// True if another process killed the runner: neither we did, nor did the attempt crash it.
bool is_lost(const RunningAttempt& attempt, int status);
/// The error of an attempt that used more than its limit; `what` says more, if it is known.
Error out_of_memory(std::int64_t limit_bytes, const std::string& what = {});
/// `error` with the last line that the attempt printed, where it says that the output is in the
/// log; and as one of memory, if that line says so and the attempt has a limit.
Error with_last_line(Error error, std::string_view line, std::int64_t memory_limit_bytes);
/// "512 MiB".
std::string bytes_text(std::int64_t bytes);

}  // namespace millrace::exec
