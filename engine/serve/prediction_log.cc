#include "engine/serve/prediction_log.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>

#include "engine/base/log.h"
#include "engine/serve/traffic.h"

namespace millrace::serve {
namespace {

constexpr std::size_t kMostInBatch = 5000;  // a few megabytes
/// Each holds its request's body.
constexpr std::size_t kMostWaiting = 1'000;
constexpr std::array<std::string_view, 3> kPolicies = {"drop", "block", "sample"};

Prediction to_prediction(PredictedRow row) {
  Prediction out;
  out.id = std::move(row.id);
  out.model = row.served->key.name;
  out.namespace_ = row.served->key.namespace_;
  out.artifact = row.served->artifact;
  out.entity = std::move(row.entity);
  out.trace_id = std::move(row.trace_id);
  out.latency_us = row.latency_us;
  out.at = row.at;
  const auto& names = row.served->predictor.feature_names();
  out.features = Json::object();
  auto& members = out.features.mutable_members();
  members.reserve(names.size());
  for (std::size_t i = 0; i < names.size(); ++i)
    members.emplace_back(names[i], std::isnan(row.features[i]) ? Json() : Json(row.features[i]));
  const bool binary = row.served->predictor.objective() == ml::Objective::binary;
  out.output = Json::object({{binary ? "probability" : "prediction", row.prediction}});
  return out;
}

}  // namespace

std::string_view to_string(WhenFull policy) { return kPolicies[static_cast<std::size_t>(policy)]; }

std::optional<WhenFull> when_full_from(std::string_view name) {
  const auto found = std::ranges::find(kPolicies, name);
  if (found == kPolicies.end()) return std::nullopt;
  return static_cast<WhenFull>(found - kPolicies.begin());
}

PredictionLog::PredictionLog(PredictionLogConfig config, ServingStore& store, Metering& metering,
                             const Clock& clock, std::uint64_t seed)
    : config_(std::move(config)), store_(store), metering_(metering), clock_(clock), rng_(seed) {}

PredictionLog::~PredictionLog() { stop(); }

Status PredictionLog::start() {
  MR_TRY(spool_, Spool::open(config_.spool_dir, config_.max_spool_bytes));
  if (spool_->batches() > 0)
    log::info("sending predictions left by an earlier process", {{"batches", spool_->batches()}});
  writer_.start([this] { write_loop(); });
  sender_.start([this] { send_loop(); });
  return {};
}

void PredictionLog::stop() {
  {
    const MutexLock lock(mutex_);
    stopping_ = true;
    removed_.notify_all();
  }
  writer_.stop();
  sender_.stop();  // once everything is written
}

void PredictionLog::add(PredictedRow row) {
  const bool left_out = config_.sampling < 1 && place("prediction_log", row.id) >= config_.sampling;
  const MutexLock lock(mutex_);
  if (left_out) {
    ++stats_.sampled_out;
    return;
  }
  if (is_left_out(row)) {
    ++stats_.thinned;
    return;
  }
  // Rows of requests that found room a moment ago are kept.
  if (queue_.size() >= config_.max_queued && config_.when_full != WhenFull::block) {
    if (stats_.dropped++ % 10'000 == 0)
      log::error("the prediction log cannot keep up: predictions are not logged",
                 {{"dropped", stats_.dropped}});
    return;
  }
  queue_.push_back(std::move(row));
  if (queue_.size() == config_.batch_size) writer_.wake();
}

/// By the id, so that the rest is a fair sample: all of them up to half of the queue, then fewer,
/// none of a full one.
bool PredictionLog::is_left_out(const PredictedRow& row) {
  if (config_.when_full != WhenFull::sample || 2 * queue_.size() < config_.max_queued) return false;
  const double share =
      2 - 2 * static_cast<double>(queue_.size()) / static_cast<double>(config_.max_queued);
  return place("prediction_log_when_full", row.id) >= share;
}

bool PredictionLog::has_room() const {
  if (config_.when_full != WhenFull::block) return true;
  const MutexLock lock(mutex_);
  return queue_.size() < config_.max_queued;
}

bool PredictionLog::await_room(std::weak_ptr<http::Wake> wake) {
  const MutexLock lock(mutex_);
  std::erase_if(waiting_, [](const auto& one) { return one.expired(); });
  if (stopping_ || waiting_.size() >= kMostWaiting) return false;
  waiting_.push_back(std::move(wake));
  ++stats_.waited;
  return true;
}

void PredictionLog::wake_waiting() {
  std::vector<std::weak_ptr<http::Wake>> waiting;
  {
    const MutexLock lock(mutex_);
    waiting.swap(waiting_);
  }
  for (const auto& one : waiting)
    if (const auto wake = one.lock()) wake->notify();
}

bool PredictionLog::flush(std::chrono::milliseconds timeout) {
  MutexLock lock(mutex_);
  const std::int64_t asked = ++flushes_asked_;
  writer_.wake();
  return progressed_.wait_for(lock, timeout, [&]() REQUIRES(mutex_) {
    return flushes_done_ >= asked && idle_ && spool_->batches() == 0;
  });
}

PredictionLog::Stats PredictionLog::stats() const {
  const MutexLock lock(mutex_);
  Stats out = stats_;
  if (!spool_) return out;
  out.dropped_batches = spool_->dropped_batches();
  out.spooled_batches = static_cast<std::int64_t>(spool_->batches());
  out.spooled_bytes = spool_->bytes();
  return out;
}

void PredictionLog::write_loop() {
  for (bool last = false; !last;) {
    last = !writer_.wait(config_.flush_interval);
    std::vector<PredictedRow> rows;
    std::int64_t flush = 0;
    bool flushes = false;
    {
      const MutexLock lock(mutex_);
      rows.swap(queue_);
      flush = flushes_asked_;
      flushes = flush > flushes_done_;
    }
    wake_waiting();
    write_batches(std::move(rows), last || flushes);
    const MutexLock lock(mutex_);
    flushes_done_ = flush;
    progressed_.notify_all();
  }
}

void PredictionLog::write_batches(std::vector<PredictedRow> rows, bool all_windows) {
  const Time now = clock_.now();
  PredictionBatch batch;
  batch.windows = metering_.take_windows(now, all_windows);
  for (auto& row : rows) {
    if (batch.predictions.size() == kMostInBatch) write(std::exchange(batch, {}));
    batch.predictions.push_back(to_prediction(std::move(row)));
  }
  if (!batch.predictions.empty() || !batch.windows.empty()) write(std::move(batch));
}

void PredictionLog::write(PredictionBatch batch) {
  batch.id = ids_.next(clock_.now(), rng_);
  const auto count = static_cast<std::int64_t>(batch.predictions.size());
  bool kept = store(batch);
  if (config_.when_full == WhenFull::block)
    while (!kept && wait_to_retry()) kept = store(batch);
  const MutexLock lock(mutex_);
  (kept ? stats_.logged : stats_.dropped) += count;
  idle_ = false;
  sender_.wake();
}

bool PredictionLog::store(const PredictionBatch& batch) {
  const bool keeps_all = config_.when_full == WhenFull::block;
  if (keeps_all) wait_for_spool();
  const auto spooled =
      spool_->put(batch, keeps_all ? Spool::Full::exceed : Spool::Full::drop_oldest);
  if (spooled) return true;
  log::error("cannot spool predictions", {{"error", spooled.error().to_string()}});
  // No disk: the store itself is the second chance.
  return store_.append(batch).ok();
}

/// Until the store has taken enough, or this process stops: then the spool may exceed its limit.
void PredictionLog::wait_for_spool() {
  MutexLock lock(mutex_);
  removed_.wait(lock, [&]() REQUIRES(mutex_) { return stopping_ || !spool_->is_full(); });
}

/// False: this process stops.
bool PredictionLog::wait_to_retry() { return writer_.pause(config_.retry_first); }

void PredictionLog::send_loop() {
  auto pause = config_.retry_first;
  for (;;) {
    const auto batch = spool_->oldest();
    if (batch && send(*batch)) {
      pause = config_.retry_first;
      continue;
    }
    if (sender_.stopping()) return;
    if (batch) {
      sender_.pause(pause);
      pause = std::min(pause * 2, config_.retry_most);
    } else if (note_idle()) {
      sender_.wait();
    }
  }
}

/// False: a batch was put meanwhile.
bool PredictionLog::note_idle() {
  const MutexLock lock(mutex_);
  if (spool_->batches() > 0) return false;
  idle_ = true;
  progressed_.notify_all();
  return true;
}

bool PredictionLog::send(const PredictionBatch& batch) {
  const auto stored = store_.append(batch);
  if (stored) {
    spool_->remove(batch.id);
    const MutexLock lock(mutex_);
    removed_.notify_all();
    return true;
  }
  const auto& error = stored.error();
  const bool later = error.transient() || error.code == ErrorCode::unavailable;
  if (!later) {
    spool_->set_aside(batch.id, error.to_string());
    const MutexLock lock(mutex_);
    removed_.notify_all();
    return true;
  }
  const MutexLock lock(mutex_);
  if (stats_.failed_sends++ % 100 == 0)
    log::warning("the store does not take predictions; they wait in the spool",
                 {{"batches", spool_->batches()}, {"error", error.to_string()}});
  return false;
}

}  // namespace millrace::serve
