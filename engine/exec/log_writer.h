// LogWriter: one thread that puts log chunks into the store, so that neither the event loop nor a
// runner waits for a disk. A result whose attempt printed something is released only after its last
// chunk has been written: who sees a task ended can read its whole log. Reports leave in the order
// in which they came.
#pragma once

#include <cstddef>
#include <deque>
#include <functional>
#include <optional>
#include <vector>

#include "engine/base/mutex.h"
#include "engine/base/service.h"
#include "engine/exec/attempt_log.h"
#include "engine/exec/reporter.h"
#include "engine/store/store.h"

namespace millrace::exec {

/// Thread-safe. While the store is away, chunks wait (kBacklogLimitBytes says for how much of
/// them); results do not.
class LogWriter {
 public:
  using Release = std::function<void(std::vector<PendingReport>)>;
  /// Above this, the producer should stop reading until it has shrunk.
  static constexpr std::size_t kBacklogLimitBytes = 64u << 20;

  /// `release` is called from our thread.
  LogWriter(LogStore& store, Release release);
  /// Writes what is queued, if the store takes it.
  ~LogWriter();

  void push(LogPiece piece);
  void push_last(std::optional<LogPiece> piece, PendingReport report);
  /// True while reports that were pushed have not been released: a later one must not go another
  /// way.
  bool has_reports() const;
  std::size_t backlog_bytes() const;

 private:
  struct Item {
    std::optional<LogPiece> piece;
    std::optional<PendingReport> report;
  };
  void add(Item item);
  void run();
  void write_queued();
  Status store(std::vector<LogPiece>& pieces, std::vector<LogChunk>& placed);
  void write(std::vector<LogPiece> pieces, std::vector<PendingReport>& reports);
  void release(std::vector<PendingReport> reports);
  void release_queued(std::vector<PendingReport>& reports);

  LogStore& store_;
  Release release_;
  mutable Mutex mutex_;
  std::deque<Item> queue_ GUARDED_BY(mutex_);
  std::size_t backlog_ GUARDED_BY(mutex_) = 0;
  std::size_t unreleased_ GUARDED_BY(mutex_) = 0;  // reports
  Service service_{"log writer"};                  // last: it uses everything above
};

}  // namespace millrace::exec
