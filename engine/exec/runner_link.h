// RunnerLink: the runner's end of the socket. Between attempts the thread that waits for the next
// one reads; while an operator runs, a thread of its own does, so that a cancellation, an answer
// and the engine's death are seen. That thread also gives signs of life, and ends the process when
// the engine's lease has run out.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <string>
#include <string_view>

#include "engine/base/mutex.h"
#include "engine/base/service.h"
#include "engine/base/unique_fd.h"
#include "engine/exec/begin_page.h"
#include "engine/exec/frame.h"
#include "engine/exec/lease_page.h"
#include "engine/exec/process_tree.h"
#include "engine/exec/protocol.h"

namespace millrace::exec {

/// Thread-safe. When the engine is gone it ends the process.
class RunnerLink {
 public:
  /// The pages outlive it.
  RunnerLink(int socket, const LeasePage& lease, BeginPage& begins);
  ~RunnerLink();
  RunnerLink(const RunnerLink&) = delete;

  /// Waits for the next attempt, and notes that it begins. Always called by the same thread, which
  /// then runs the attempt and ends it by send_done.
  StartMessage next();
  void send(const RunnerMessage& message);
  /// The done message, or an error in its place when its outcome is too big for the journal.
  void send_done(DoneMessage done);
  /// Sends the query and waits for the engine's answer.
  Result<Json> ask(std::string_view name, const Json& arguments);
  bool is_cancelled(std::int64_t attempt) const { return cancelled_.load() == attempt; }
  /// OperatorContext::on_cancel, for that attempt.
  void on_cancel(std::int64_t attempt, std::function<void()> action);
  MemoryUse memory() const { return memory_use(statm_.get()); }
  /// As it was a tenth of a second ago or later: to look costs more than a short attempt should.
  /// Called by the thread that runs the attempts.
  std::int64_t recent_resident_bytes();
  /// Tells that an allocation failed. Allocates nothing.
  void tell_out_of_memory();

 private:
  void watch();
  void beat();
  void run_begins() REQUIRES(read_mutex_);
  void run_ends();
  void set_moment(std::chrono::nanoseconds from_now);
  void listen() REQUIRES(read_mutex_);
  void read_some(int flags) REQUIRES(read_mutex_);
  void take(EngineMessage message) REQUIRES(read_mutex_);
  void write_all(std::string_view bytes);

  const int socket_;
  const LeasePage& lease_;
  BeginPage& begins_;
  UniqueFd statm_;
  UniqueFd moment_;  // a timer: the attempt has been running for a moment
  UniqueFd epoll_;   // what `watch` waits for: that, and then the socket
  std::chrono::steady_clock::time_point looked_at_;
  std::int64_t resident_ = 0;
  Mutex write_mutex_;  // of the socket
  Mutex read_mutex_;
  FrameReader frames_ GUARDED_BY(read_mutex_);
  std::deque<StartMessage> starts_ GUARDED_BY(read_mutex_);  // what waits
  bool running_ GUARDED_BY(read_mutex_) = false;
  bool listening_ GUARDED_BY(read_mutex_) = false;
  Mutex mutex_;
  ConditionVariable changed_;
  std::map<std::int64_t, Result<Json>> answers_ GUARDED_BY(mutex_);
  std::int64_t next_query_ GUARDED_BY(mutex_) = 1;
  Mutex cancel_mutex_;
  std::atomic<std::int64_t> cancelled_ = 0;                    // id of the attempt; 0: none
  std::int64_t watched_ GUARDED_BY(cancel_mutex_) = 0;         // whose cancellation…
  std::function<void()> on_cancel_ GUARDED_BY(cancel_mutex_);  // …calls this
  Service watcher_{"runner link"};                             // last: it uses everything above
};

/// Ends the process, and everything that came from it, without another word.
[[noreturn]] void end_with_descendants();

}  // namespace millrace::exec
