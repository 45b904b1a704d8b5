// Metrics: what /metrics tells Prometheus of runs, tasks and requests. Runs and tasks are counted
// since this process began, from the events that the journal's tail hands over; a scrape reads no
// journal and asks no store. Thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>

#include "engine/api/http.h"
#include "engine/api/journal_tail.h"
#include "engine/base/mutex.h"

namespace millrace::api {

/// Cumulative buckets in seconds, as Prometheus has them.
class Histogram {
 public:
  void observe(double seconds);
  /// Appends name_bucket, name_sum and name_count; `labels` like `method="GET"` or "".
  void write(std::string& out, std::string_view name, std::string_view labels) const;

 private:
  static constexpr std::array kBounds = {0.001, 0.0025, 0.005, 0.01,  0.025,  0.05,
                                         0.1,   0.25,   0.5,   1.0,   2.5,    5.0,
                                         10.0,  30.0,   60.0,  300.0, 1800.0, 7200.0};
  std::array<std::uint64_t, kBounds.size() + 1> counts_{};
  double sum_ = 0;
};

class Metrics {
 public:
  void on_request(const HttpAccess& access);
  /// Each event once, with the DAG of its run.
  void count(const Event& event, std::string_view dag);
  /// Prometheus text format 0.0.4.
  std::string text(const JournalTail& tail);

 private:
  /// Of one DAG, since this process began.
  struct DagCounts {
    std::uint64_t runs_created = 0, attempts = 0, retries = 0;
    std::map<std::string, std::uint64_t, std::less<>> runs_finished, tasks_ended;
    Histogram task_seconds;
  };
  using Count = std::uint64_t DagCounts::*;
  using Counts = std::map<std::string, std::uint64_t, std::less<>> DagCounts::*;

  void ended(const Event& event, DagCounts& counts, std::string_view state) REQUIRES(mutex_);
  void write_count(std::string& out, std::string_view name, Count count, std::string_view help)
      REQUIRES(mutex_);
  void write_counts(std::string& out, std::string_view name, std::string_view label, Counts counts,
                    std::string_view help) REQUIRES(mutex_);

  struct TaskKey {
    Uuid run;
    TaskRef ref;
    friend auto operator<=>(const TaskKey&, const TaskKey&) = default;
  };

  Mutex mutex_;
  std::map<TaskKey, Time> started_ GUARDED_BY(mutex_);  // open attempts
  std::map<std::string, DagCounts, std::less<>> dags_ GUARDED_BY(mutex_);
  std::uint64_t rejected_ GUARDED_BY(mutex_) = 0;
  std::map<std::string, Histogram, std::less<>> request_seconds_ GUARDED_BY(mutex_);  // by method
  std::map<int, std::uint64_t> responses_ GUARDED_BY(mutex_);                         // by status
};

}  // namespace millrace::api
