// RunnerLink: the runner's end of the socket. A thread of its own reads, so that a cancellation, an
// answer and the engine's death are seen while an operator runs; another gives signs of life.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>

#include "engine/exec/process.h"
#include "engine/exec/protocol.h"

namespace millrace::exec {

/// Thread-safe. Lives as long as the process: when the engine is gone it ends the process.
class RunnerLink {
 public:
  explicit RunnerLink(int socket);
  RunnerLink(const RunnerLink&) = delete;

  /// Waits for the next attempt.
  StartMessage next();
  void send(const RunnerMessage& message);
  /// The done message, or an error in its place when its outcome is too big for the journal.
  void send_done(DoneMessage done);
  /// Sends the query and waits for the engine's answer.
  Result<Json> ask(std::string_view name, const Json& arguments);
  bool is_cancelled(std::int64_t attempt) const { return cancelled_.load() == attempt; }
  MemoryUse memory() const { return memory_use(statm_.get()); }
  /// Tells that an allocation failed. Allocates nothing.
  void tell_out_of_memory();

 private:
  void read_all();
  void take(EngineMessage message);
  void beat();
  void write_all(std::string_view bytes);

  const int socket_;
  UniqueFd statm_;
  std::mutex write_mutex_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<StartMessage> start_;
  std::map<std::int64_t, Result<Json>> answers_;
  std::int64_t next_query_ = 1;
  std::atomic<std::int64_t> cancelled_ = 0;  // id of the attempt; 0: none
};

/// Ends the process, and everything that came from it, without another word.
[[noreturn]] void end_with_descendants();

}  // namespace millrace::exec
