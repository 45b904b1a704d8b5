// History: how long the database remembers. What grows with runs, tasks, logs and predictions lies
// in periods of time (migration 0002); this makes them ahead, and drops whole ones that are older
// than the retention. What must stay (open runs, artifacts that a model or dataset names) is moved
// out first, in the same transaction.
#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "engine/base/clock.h"
#include "engine/pg/database.h"

namespace millrace {

/// nullopt keeps everything.
using Retention = std::optional<Duration>;

/// How long a period of that retention is: history is kept up to so much longer.
Duration period_width(const Retention& retention);

struct Period {
  int number = 0;
  std::optional<Time> starts;  // nullopt: the first, from the beginning on
  Time ends{};                 // exclusive
  std::optional<Time> dropped_at;
  std::int64_t bytes = 0;            // with indexes; 0 once dropped
  std::int64_t runs = 0, tasks = 0;  // estimates of PostgreSQL
};

/// Thread-safe. `database` is migrated, and outlives it.
class History {
 public:
  History(Database& database, const Clock& clock, Retention retention)
      : database_(database), clock_(clock), retention_(retention) {}

  struct Upkeep {
    int periods_added = 0;
    std::vector<int> periods_dropped;  // their numbers
  };
  /// Makes the periods of the time ahead, and drops those that nobody needs any more. Several may
  /// do so at once. `unavailable` while somebody reads for long: to be tried again.
  Result<Upkeep> keep();
  /// Removes single rows that have outlived their period and are not needed any more either.
  Status sweep();
  /// Oldest first, also those that were dropped.
  Result<std::vector<Period>> periods();
  /// What `keep` would drop.
  Result<std::vector<int>> expired();

 private:
  Result<int> add_periods();
  Status drop(int number);
  std::optional<Time> cut() const;

  Database& database_;
  const Clock& clock_;
  const Retention retention_;
};

/// Counters since start; read at any time.
struct HistoryMetrics {
  std::atomic<std::int64_t> periods_dropped{0}, drop_us{0}, failures{0};
};

/// The leader's thread that keeps history: at once when it comes to lead, and every minute. Owns
/// the thread.
class HistoryKeeper {
 public:
  HistoryKeeper(Database& database, const Clock& clock, Retention retention,
                std::function<bool()> leads);
  ~HistoryKeeper();
  HistoryKeeper(const HistoryKeeper&) = delete;
  HistoryKeeper& operator=(const HistoryKeeper&) = delete;
  const HistoryMetrics& metrics() const { return metrics_; }

 private:
  void run();
  void look();

  const Clock& clock_;
  History history_;
  const std::function<bool()> leads_;
  HistoryMetrics metrics_;
  std::optional<std::chrono::steady_clock::time_point> looked_, swept_;
  std::mutex mutex_;
  std::condition_variable changed_;
  bool stopping_ = false;  // guarded by mutex_
  std::thread thread_;
};

}  // namespace millrace
