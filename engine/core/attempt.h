// AttemptInfo: one try of one task instance, as the operator that carries it out sees it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <tuple>

#include "engine/base/fields.h"
#include "engine/base/json.h"
#include "engine/base/time.h"

namespace millrace {

/// What carries attempts out, by name. An operator names its own, a task may name another.
inline constexpr std::string_view
    kProcessExecutor = "process",  // a pooled runner process: what computes or talks to the outside
    kThreadExecutor = "thread";    // inside the engine: built-ins that end at once
inline constexpr std::array kExecutors = {kProcessExecutor, kThreadExecutor};

/// Of the text that an attempt leaves to the next one.
inline constexpr std::size_t kMaxSavedStateBytes = 64u << 10;

/// Who and when. Plain data.
struct AttemptInfo {
  std::string namespace_;  // of the DAG, and of the models and datasets that the operator names
  std::string dag_id;
  std::string run_id;
  std::string task_id;
  int map_index = -1;      // -1: not mapped
  int attempt = 1;         // from 1, never decreases
  int iteration = 1;       // of a task with `repeat`, from 1
  std::int64_t epoch = 0;  // of the leader that started it
  std::string trace_id;
  std::string owner;     // of the DAG
  std::string base_dir;  // folder that relative paths of the DAG file start from
  Time logical_date{};
  Time data_interval_start{};
  Time data_interval_end{};
  bool has_interval = false;  // false for a manual run without a date
  Json checkpoint;            // of the last Defer; null on the first call
  std::string saved_state;    // what the attempts before left; "": nothing

  static constexpr auto fields() {
    return std::tuple{field("namespace", &AttemptInfo::namespace_, "Of all names below"),
                      field("dag", &AttemptInfo::dag_id, "The DAG"),
                      field("run", &AttemptInfo::run_id, "The run"),
                      field("task", &AttemptInfo::task_id, "The task"),
                      field("map_index", &AttemptInfo::map_index, "-1 if it is not mapped"),
                      field("attempt", &AttemptInfo::attempt, "From 1"),
                      field("iteration", &AttemptInfo::iteration, "Of a repeated task, from 1"),
                      field("epoch", &AttemptInfo::epoch, "Of the leader that started it"),
                      field("trace_id", &AttemptInfo::trace_id, "W3C trace id"),
                      field("owner", &AttemptInfo::owner, "Of the DAG"),
                      field("base_dir", &AttemptInfo::base_dir, "Where relative paths start"),
                      field("has_interval", &AttemptInfo::has_interval, "False without a date"),
                      field("logical_date", &AttemptInfo::logical_date, "Date of the run"),
                      field("data_interval_start", &AttemptInfo::data_interval_start, "Inclusive"),
                      field("data_interval_end", &AttemptInfo::data_interval_end, "Exclusive"),
                      field("checkpoint", &AttemptInfo::checkpoint, "Of the last deferral"),
                      field("saved_state", &AttemptInfo::saved_state, "Of earlier attempts")};
  }

  /// "run/task/map_index", from the second iteration on with "/iteration": the same for all
  /// attempts of an iteration, so that an outside system can tell a repetition.
  std::string idempotency_key() const;
  /// "run/task/map_index/attempt": names this attempt among all.
  std::string name() const;
};

}  // namespace millrace
