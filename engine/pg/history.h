// History: how long the database remembers. What grows with runs, tasks, logs and predictions lies
// in periods of time (migration 0002); this makes them ahead, and drops whole ones that are older
// than the retention. What must stay (open runs, artifacts that a model or dataset names) is moved
// out first, in the same transaction.
//
// A clock may be wrong, and what was dropped does not come back. So a period is dropped only by
// time that has passed: the clocks of engine, server and journal agree, the server's has gone as
// steady time does for a day, and one period goes for each period's time.
#pragma once

#include <atomic>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "engine/base/clock.h"
#include "engine/base/fields.h"
#include "engine/pg/database.h"

namespace millrace {

/// nullopt keeps everything.
using Retention = std::optional<Duration>;

/// How long a period of that retention is: history is kept up to so much longer.
Duration period_width(const Retention& retention);

struct Period {
  static constexpr std::string_view record_name = "Period";
  int number = 0;
  std::optional<Time> starts;  // nullopt: the first, from the beginning on
  Time ends{};                 // exclusive
  std::optional<Time> dropped_at;
  std::int64_t bytes = 0;            // with indexes; 0 once dropped
  std::int64_t runs = 0, tasks = 0;  // counted up to 32 MiB; above, PostgreSQL's estimates
  bool runs_estimated = false, tasks_estimated = false;

  static constexpr auto fields() {
    return std::tuple{field("number", &Period::number, "From 1"),
                      field("starts", &Period::starts, "Inclusive; null: the first period"),
                      field("ends", &Period::ends, "Exclusive"),
                      field("dropped_at", &Period::dropped_at, "Null: it is still there"),
                      field("bytes", &Period::bytes, "With indexes; 0 once dropped"),
                      field("runs", &Period::runs, "How many, or an estimate"),
                      field("tasks", &Period::tasks, "How many, or an estimate"),
                      field("runs_estimated", &Period::runs_estimated, "Runs are an estimate"),
                      field("tasks_estimated", &Period::tasks_estimated, "Tasks are an estimate")};
  }
};

/// What is known of the server's clock, as the database keeps it.
struct HistoryClock {
  Time seen{};            // when it was last compared
  Duration agreed{};      // for so long it has gone as steady time did
  Duration since_drop{};  // of the same kind, since a period was dropped

  static constexpr auto fields() {
    return std::tuple{
        field("seen", &HistoryClock::seen, "When it was last compared"),
        field("agreed", &HistoryClock::agreed, "For how long it has been right"),
        field("since_drop", &HistoryClock::since_drop, "The same since a period was dropped")};
  }
};
/// The same with what else tells the time.
struct HistoryLook {
  static constexpr std::string_view record_name = "HistoryClock";
  HistoryClock clock;
  std::optional<Time> newest_event, newest_dropped_end;
  Time now{};  // of the server

  static constexpr auto fields() {
    return std::tuple{field("", &HistoryLook::clock, ""),
                      field("newest_event", &HistoryLook::newest_event, "Null: there is none"),
                      field("newest_dropped_end", &HistoryLook::newest_dropped_end,
                            "Of periods; null: none was dropped"),
                      field("now", &HistoryLook::now, "The server's time")};
  }
};
/// Of a clock that has agreed for so long, the time is trusted.
inline constexpr Duration kTrustedAfter = std::chrono::hours{24};
/// Compares the server's clock, now at `now`, with steady time, of which `elapsed` has passed since
/// it was last compared; nullopt: another engine or an earlier start did that.
HistoryClock compare(HistoryClock before, Time now, std::optional<Duration> elapsed);

/// Thread-safe, but for `keep`. `database` is migrated, and outlives it.
class History {
 public:
  /// `test_clock` replaces the server's.
  History(Database& database, const Clock& clock, Retention retention,
          const Clock* test_clock = nullptr)
      : database_(database), clock_(clock), retention_(retention), test_clock_(test_clock) {}

  struct Upkeep {
    int periods_added = 0;
    std::vector<int> periods_dropped;  // their numbers; at most one
    std::string distrust;              // why no period may be dropped now; "" if one may
  };
  /// Makes the periods of the time ahead, and drops the oldest one if its time has passed. One
  /// thread, and the leader's; another engine may do so at once. `unavailable` while another
  /// session reads for long: to be tried again.
  Result<Upkeep> keep();
  /// Makes the periods of the time ahead, so that what is written finds one.
  Result<int> add_periods();
  /// Removes single rows that have outlived their period, up to the newest period that was dropped.
  Status sweep();
  /// Oldest first, also those that were dropped.
  Result<std::vector<Period>> periods();
  /// Another engine leads, and compares the clocks.
  void stop_comparing() { compared_.reset(); }
  bool drops() const { return retention_.has_value(); }
  /// Why no period may be dropped now; "" if one may.
  Result<std::string> distrust();
  /// What `keep` would drop, one after the other.
  Result<std::vector<int>> expired();

 private:
  Result<HistoryLook> look();
  Result<HistoryLook> compare_clocks();
  std::string distrust(const HistoryLook& look) const;
  Result<bool> drop(int number, Time cut);
  Duration between_drops() const;

  Database& database_;
  const Clock& clock_;
  const Retention retention_;
  const Clock* const test_clock_;
  std::optional<std::chrono::steady_clock::time_point> compared_;
};

/// Counters since start; read at any time.
struct HistoryMetrics {
  std::atomic<std::int64_t> periods_dropped{0}, drop_us{0}, failures{0};
};

/// Keeps history while an engine leads: a service of its term. One thread at a time, but for the
/// metrics.
class HistoryKeeper {
 public:
  HistoryKeeper(Database& database, const Clock& clock, Retention retention)
      : clock_(clock), history_(database, clock, retention) {}

  /// Another engine may have compared the clocks meanwhile.
  void begin_term() { history_.stop_comparing(); }
  /// To be called at the beginning of a term, and every minute.
  void look();
  const HistoryMetrics& metrics() const { return metrics_; }

 private:
  const Clock& clock_;
  History history_;
  HistoryMetrics metrics_;
  std::optional<std::chrono::steady_clock::time_point> swept_;
  std::string distrust_;  // as it was last logged
};

}  // namespace millrace
