// PredictionLog: what was predicted, and the serving windows, on their way to the store in batches.
//
// add() only queues. One thread makes a batch of what has gathered (every `flush_interval`, or as
// soon as `batch_size` predictions wait) and puts it into the spool; another sends the spool's
// batches to the store, oldest first, and waits with growing patience while the store is away. So a
// request never waits for the disk or the store, and what reached the spool is stored once,
// whatever dies. With WhenFull::block, requests wait where nothing else keeps the log complete.
// Thread-safe.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "engine/base/clock.h"
#include "engine/base/id.h"
#include "engine/base/mutex.h"
#include "engine/base/service.h"
#include "engine/http/message.h"
#include "engine/serve/metering.h"
#include "engine/serve/model_host.h"
#include "engine/serve/spool.h"

namespace millrace::serve {

/// What happens when predictions come faster than they are stored.
enum class WhenFull {
  drop,    // those that find the queue full are not logged
  block,   // their requests wait for room, and are refused after a while; nothing is lost
  sample,  // the fuller the queue, the smaller the share that is logged
};
std::string_view to_string(WhenFull policy);
std::optional<WhenFull> when_full_from(std::string_view name);

struct PredictionLogConfig {
  std::filesystem::path spool_dir;  // this process's own
  std::int64_t max_spool_bytes = 256 << 20;
  std::chrono::milliseconds flush_interval{500};
  std::size_t batch_size = 1000;
  std::size_t max_queued = 100'000;  // predictions in memory; what comes then: `when_full`
  WhenFull when_full = WhenFull::drop;
  double sampling = 1;  // share of predictions that is logged; windows count all
  std::chrono::milliseconds retry_first{500};
  std::chrono::milliseconds retry_most{10'000};
};

/// One predicted row.
struct PredictedRow {
  std::string id;
  std::string entity;
  std::string trace_id;
  ServedModelPtr served;
  std::vector<double> features;  // in the order of the model
  double prediction = 0;
  std::int64_t latency_us = 0;
  Time at{};
};

class PredictionLog {
 public:
  PredictionLog(PredictionLogConfig config, ServingStore& store, Metering& metering,
                const Clock& clock, std::uint64_t seed);
  /// Stops.
  ~PredictionLog();

  /// Takes up the spool of an earlier process and begins to send.
  Status start();
  /// Spools what has gathered, tries once to send it, and ends. Safe to repeat.
  void stop();

  void add(PredictedRow row);
  /// False: the policy is to wait, and there is no room now.
  bool has_room() const;
  /// Notifies `wake` once, when there may be room. False: too many wait already.
  bool await_room(std::weak_ptr<http::Wake> wake);
  /// Spools all that was added before, the open windows included, and waits until the store has
  /// everything; false when the time is over first.
  bool flush(std::chrono::milliseconds timeout);

  struct Stats {
    std::int64_t logged = 0;           // predictions put into batches
    std::int64_t sampled_out = 0;      // predictions left out by the sampling
    std::int64_t thinned = 0;          // predictions left out since the queue was filling
    std::int64_t waited = 0;           // times that a request waited for room
    std::int64_t dropped = 0;          // predictions lost: the queue was full, or the disk
    std::int64_t dropped_batches = 0;  // lost: the spool was full
    std::int64_t spooled_batches = 0;  // waiting now
    std::int64_t spooled_bytes = 0;
    std::int64_t failed_sends = 0;
  };
  Stats stats() const;

 private:
  void write_loop();
  void send_loop();
  void write_batches(std::vector<PredictedRow> rows, bool all_windows);
  void write(PredictionBatch batch);
  bool store(const PredictionBatch& batch);
  bool note_idle();
  void wait_for_spool();
  bool wait_to_retry();
  bool is_left_out(const PredictedRow& row) REQUIRES(mutex_);
  void wake_waiting();
  /// False if the store did not take it, and may later.
  bool send(const PredictionBatch& batch);

  const PredictionLogConfig config_;
  ServingStore& store_;
  Metering& metering_;
  const Clock& clock_;
  Rng rng_;         // of the writing thread
  UuidSource ids_;  // of the writing thread
  std::unique_ptr<Spool> spool_;
  mutable Mutex mutex_;
  ConditionVariable progressed_;
  ConditionVariable removed_;  // from the spool
  std::vector<PredictedRow> queue_ GUARDED_BY(mutex_);
  std::vector<std::weak_ptr<http::Wake>> waiting_ GUARDED_BY(mutex_);  // for room in the queue
  std::int64_t flushes_asked_ GUARDED_BY(mutex_) = 0;
  std::int64_t flushes_done_ GUARDED_BY(mutex_) = 0;
  bool stopping_ GUARDED_BY(mutex_) = false;
  bool idle_ GUARDED_BY(mutex_) = true;  // the sender found nothing to send
  Stats stats_ GUARDED_BY(mutex_);
  Service writer_{"pred writer"}, sender_{"pred sender"};  // last: they use everything above
};

}  // namespace millrace::serve
