// RunnerProcess: one runner as the engine sees it. Owned and used by the event loop's thread alone.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/exec/attempt_log.h"
#include "engine/exec/frame.h"
#include "engine/exec/process.h"
#include "engine/exec/protocol.h"

namespace millrace::exec {

using SteadyTime = std::chrono::steady_clock::time_point;

/// An attempt that waits for a runner.
struct QueuedAttempt {
  StartAttempt start;
  std::int64_t generation = 0;
};

/// Why an attempt is being ended before its time. The first reason stays.
enum class EndReason { none, timeout, cancelled, silent, protocol };

struct RunningAttempt {
  RunningAttempt(QueuedAttempt queued, std::int64_t number, std::int64_t log_limit)
      : attempt(std::move(queued)), id(number), log(attempt.start, log_limit) {}

  QueuedAttempt attempt;
  std::int64_t id;
  AttemptLog log;
  SteadyTime deadline = SteadyTime::max();
  std::optional<SteadyTime> kill_at;   // end of the grace that a cancelled attempt has
  std::optional<SteadyTime> flush_at;  // when gathered log lines go to the store
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

  RunnerProcess(SpawnedRunner spawned, std::uint64_t serial, std::string work_dir, SteadyTime now);

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
  /// Reads what the runner printed, up to `limit` bytes or until nothing is left; into the current
  /// attempt's log, if there is one.
  void read_output(std::size_t limit);
  /// Kills it and everything below it, once.
  void kill();

  const SpawnedRunner process;
  const std::uint64_t serial;
  const std::string work_dir;  // of its attempts
  State state = State::starting;
  std::unique_ptr<RunningAttempt> running;
  SteadyTime last_heard;
  std::int64_t attempts = 0;
  bool greeted = false;  // it said a hello that we understand
  bool output_paused = false;
  bool output_ended = false;
  bool wants_write = false;  // as epoll knows it

 private:
  FrameReader frames_;
  std::string outbox_;
  std::size_t sent_ = 0;
};

/// What the engine hears of an attempt whose runner has ended with `status` (of waitpid).
Error error_of_death(const RunningAttempt& attempt, int status, Duration silence_limit);
/// "512 MiB".
std::string bytes_text(std::int64_t bytes);

}  // namespace millrace::exec
