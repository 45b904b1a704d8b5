#include "engine/exec/light_lane.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <optional>
#include <utility>

#include "engine/exec/work_folder.h"

namespace millrace::exec {
namespace {

// How long a result may wait for others that go in the same report.
constexpr auto kGather = std::chrono::milliseconds{1};

// As many as start together in a DAG that is no fan-out.
constexpr std::size_t kMostAtOnce = 4;

class LightContext final : public OperatorContext {
 public:
  LightContext(const StartAttempt& start, const RunnerPoolConfig& config,
               const RunnerPoolParts& parts, AttemptLog& log, std::function<bool()> cancelled)
      : start_(start),
        config_(config),
        parts_(parts),
        artifacts_(parts.artifacts),
        log_(log),
        cancelled_(std::move(cancelled)) {}
  ~LightContext() override {
    if (folder_) folder_->clear();
  }

  const AttemptInfo& attempt() const override { return start_.info; }
  Time now() const override { return parts_.clock.now(); }
  void log(std::string_view line) override {
    log_.append(line);
    log_.append("\n");
  }
  const std::filesystem::path& work_dir() const override {
    if (!folder_) folder_.emplace().use(config_.work_dir);
    return folder_->make();
  }
  Artifacts& artifacts() override { return artifacts_; }
  Result<Json> ask(std::string_view name, const Json& arguments) override {
    return parts_.query(start_.info.namespace_, name, arguments);
  }
  bool cancelled() const override { return cancelled_(); }

 private:
  const StartAttempt& start_;
  const RunnerPoolConfig& config_;
  const RunnerPoolParts& parts_;
  CheckedArtifacts artifacts_;
  AttemptLog& log_;
  std::function<bool()> cancelled_;
  mutable std::optional<WorkFolder> folder_;  // few ask for it, and paths are dear to copy
};

}  // namespace

LightLane::LightLane(const RunnerPoolConfig& config, const RunnerPoolParts& parts, LogWriter& logs,
                     Reporter& reporter)
    : config_(config), parts_(parts), logs_(logs), reporter_(reporter) {
  service_.start([this] {
    while (service_.wait()) run_queued();
  });
}

LightLane::~LightLane() {
  {
    const MutexLock lock(mutex_);
    stopping_ = dropping_ = true;
  }
  service_.stop();
}

void LightLane::start(std::vector<QueuedAttempt> attempts) {
  if (run_at_once(attempts)) return;
  {
    const MutexLock lock(mutex_);
    if (queue_.empty())
      queue_ = std::move(attempts);
    else
      std::ranges::move(attempts, std::back_inserter(queue_));
  }
  service_.wake();
}

/// False: they are many, or others are before them.
bool LightLane::run_at_once(std::vector<QueuedAttempt>& attempts) {
  {
    const MutexLock lock(mutex_);
    if (attempts.size() > kMostAtOnce || busy_ || !queue_.empty() || stopping_) return false;
    busy_ = true;
  }
  run_batch(attempts);
  const MutexLock lock(mutex_);
  ended();
  if (!queue_.empty()) service_.wake();
  return true;
}

void LightLane::ended() {
  busy_ = false;
  if (queue_.empty()) cancelled_.clear();
  idle_.notify_all();
}

void LightLane::cancel(const AttemptKey& key) {
  const MutexLock lock(mutex_);
  if (busy_ || !queue_.empty()) cancelled_.insert(key);
}

void LightLane::drop_all() {
  MutexLock lock(mutex_);
  queue_.clear();
  dropping_ = true;
  idle_.wait(lock, [this]() REQUIRES(mutex_) { return !busy_; });
  dropping_ = stopping_;
  cancelled_.clear();
}

bool LightLane::is_cancelled(const AttemptKey& key) {
  const MutexLock lock(mutex_);
  return dropping_ || (!cancelled_.empty() && cancelled_.contains(key));
}

void LightLane::run_queued() {
  MutexLock lock(mutex_);
  while (!queue_.empty() && !busy_ && !stopping_) {
    auto batch = std::exchange(queue_, {});
    busy_ = true;
    lock.unlock();
    run_batch(batch);
    batch.clear();
    lock.lock();
    ended();
  }
}

void LightLane::run_batch(std::vector<QueuedAttempt>& batch) {
  std::vector<PendingReport> ready;
  ready.reserve(batch.size());
  auto gathered_since = parts_.clock.steady();
  std::size_t left = batch.size();
  for (auto& queued : batch) {
    --left;
    AttemptLog log(queued.start, config_.log_limit_bytes);
    Result<Outcome> outcome = is_cancelled(queued.start.key)
                                  ? make_error(ErrorCode::cancelled, "cancelled")
                                  : run_one(queued.start, log);
    finish(log, {queued.generation, AttemptResult{queued.start.key, std::move(outcome)}}, ready);
    const auto now = parts_.clock.steady();
    if (now - gathered_since < kGather) continue;
    reporter_.deliver(std::exchange(ready, {}));
    ready.reserve(left);
    gathered_since = now;
  }
  reporter_.deliver(std::move(ready));
}

void LightLane::finish(AttemptLog& log, PendingReport&& report, std::vector<PendingReport>& ready) {
  if (log.used())
    logs_.push_last(log.take(parts_.clock.now(), true), std::move(report));
  else
    ready.push_back(std::move(report));
}

Result<Outcome> LightLane::run_one(const StartAttempt& attempt, AttemptLog& log) {
  LightContext context(attempt, config_, parts_, log,
                       [this, &attempt] { return is_cancelled(attempt.key); });
  return parts_.catalog.run(attempt.op, attempt.with, context);
}

}  // namespace millrace::exec
