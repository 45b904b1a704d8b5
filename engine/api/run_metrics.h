// RunMetrics: what /metrics tells Prometheus of runs and tasks. Counted since this process began,
// on the feed's thread; a scrape reads no journal, asks no store, and holds no lock that a request
// takes. Thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "engine/api/exposition.h"
#include "engine/base/mutex.h"
#include "engine/follow/feed.h"

namespace millrace::api {

/// The store, the journal and open runs, as the feed knows them.
std::string store_metrics_text(const follow::Feed& feed);

class RunMetrics {
 public:
  /// Each event once, with the DAG of its run.
  void count(const Event& event, const DagKey& dag);
  /// Prometheus text.
  std::string text() const;

 private:
  /// Of one DAG, since this process began.
  struct DagCounts {
    std::uint64_t runs_created = 0, attempts = 0, retries = 0;
    std::map<std::string, std::uint64_t, std::less<>> runs_finished, tasks_ended;
    SecondCounts task_seconds{};
    double task_seconds_sum = 0;
    void observe(double seconds);
  };
  using Dags = std::map<DagKey, DagCounts>;
  using Count = std::uint64_t DagCounts::*;
  using Counts = std::map<std::string, std::uint64_t, std::less<>> DagCounts::*;

  void ended(const Event& event, DagCounts& counts, std::string_view state) REQUIRES(mutex_);
  static void write_count(std::string& out, const Dags& dags, std::string_view name, Count count,
                          std::string_view help);
  static void write_counts(std::string& out, const Dags& dags, std::string_view name,
                           std::string_view label, Counts counts, std::string_view help);

  struct TaskKey {
    Uuid run;
    TaskRef ref;
    friend auto operator<=>(const TaskKey&, const TaskKey&) = default;
  };

  mutable Mutex mutex_;
  std::map<TaskKey, Time> started_ GUARDED_BY(mutex_);  // open attempts
  Dags dags_ GUARDED_BY(mutex_);
  std::uint64_t rejected_ GUARDED_BY(mutex_) = 0;
};

}  // namespace millrace::api
