#include "engine/exec/log_writer.h"

#include <chrono>
#include <utility>

#include "engine/base/log.h"

namespace millrace::exec {
namespace {

constexpr std::size_t kBatchBytes = 1u << 20;
constexpr std::size_t kBatchItems = 1000;
constexpr auto kRetryPause = std::chrono::milliseconds{250};

}  // namespace

LogWriter::LogWriter(LogStore& store, Release release)
    : store_(store), release_(std::move(release)) {
  service_.start([this] { run(); });
}

LogWriter::~LogWriter() { service_.stop(); }

void LogWriter::push(LogPiece piece) { add({std::move(piece), std::nullopt}); }

void LogWriter::push_last(std::optional<LogPiece> piece, PendingReport report) {
  add({std::move(piece), std::move(report)});
}

std::size_t LogWriter::backlog_bytes() const {
  const MutexLock lock(mutex_);
  return backlog_;
}

bool LogWriter::has_reports() const {
  const MutexLock lock(mutex_);
  return unreleased_ > 0;
}

void LogWriter::add(Item item) {
  {
    const MutexLock lock(mutex_);
    if (item.piece) backlog_ += item.piece->chunk.text.size();
    unreleased_ += item.report.has_value();
    queue_.push_back(std::move(item));
  }
  service_.wake();
}

void LogWriter::run() {
  for (bool last = false; !last;) {
    last = !service_.wait();
    write_queued();
  }
}

void LogWriter::write_queued() {
  MutexLock lock(mutex_);
  while (!queue_.empty()) {
    std::vector<LogPiece> pieces;
    std::vector<PendingReport> reports;
    std::size_t bytes = 0;
    for (std::size_t n = 0; n < kBatchItems && bytes < kBatchBytes && !queue_.empty(); ++n) {
      Item item = std::move(queue_.front());
      queue_.pop_front();
      if (item.piece) {
        bytes += item.piece->chunk.text.size();
        pieces.push_back(std::move(*item.piece));
      }
      if (item.report) reports.push_back(std::move(*item.report));
    }
    lock.unlock();
    if (!pieces.empty()) write(std::move(pieces), reports);
    release(std::move(reports));
    lock.lock();
    backlog_ -= bytes;
  }
}

/// Puts each piece where it belongs, and all of them into the store. What a failed call has placed
/// stays in `placed` for the next one.
Status LogWriter::store(std::vector<LogPiece>& pieces, std::vector<LogChunk>& placed) {
  for (std::size_t i = placed.size(); i < pieces.size(); ++i) {
    auto& [chunk, earlier] = pieces[i];
    if (earlier && !*earlier) {
      MR_CHECK(store_.append(placed));  // may be what it comes behind
      MR_TRY(*earlier, store_.length(chunk.run, chunk.task, chunk.map_index, chunk.attempt));
    }
    if (earlier) chunk.offset += **earlier;
    placed.push_back(std::move(chunk));
  }
  return store_.append(placed);
}

void LogWriter::write(std::vector<LogPiece> pieces, std::vector<PendingReport>& reports) {
  std::vector<LogChunk> placed;
  bool told = false;
  while (true) {
    const Status written = store(pieces, placed);
    if (written) return;
    if (!std::exchange(told, true))
      log::warning("log lines wait: the log store does not take them",
                   {{"error", written.error().to_string()}});
    release_queued(reports);
    if (!written.error().transient() || !service_.pause(kRetryPause)) {
      log::error("log lines are lost", {{"chunks", pieces.size()}});
      return;
    }
  }
}

// No task stays open because its log cannot be written now.
void LogWriter::release_queued(std::vector<PendingReport>& reports) {
  {
    const MutexLock lock(mutex_);
    for (auto& item : queue_) {
      if (item.report) reports.push_back(std::move(*item.report));
      item.report.reset();
    }
  }
  release(std::exchange(reports, {}));
}

void LogWriter::release(std::vector<PendingReport> reports) {
  if (reports.empty()) return;
  const std::size_t count = reports.size();
  release_(std::move(reports));
  const MutexLock lock(mutex_);
  unreleased_ -= count;
}

}  // namespace millrace::exec
