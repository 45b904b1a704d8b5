// AttemptInfo: one try of one task instance, as the operator that carries it out sees it.
#pragma once

#include <cstdint>
#include <string>

#include "engine/base/json.h"
#include "engine/base/time.h"

namespace millrace {

/// Who and when. Plain data.
struct AttemptInfo {
  std::string dag_id;
  std::string run_id;
  std::string task_id;
  int map_index = -1;      // -1: not mapped
  int attempt = 1;         // from 1, never decreases
  std::int64_t epoch = 0;  // of the leader that started it
  std::string trace_id;
  std::string owner;     // of the DAG
  std::string base_dir;  // folder that relative paths of the DAG file start from
  Time logical_date{};
  Time data_interval_start{};
  Time data_interval_end{};
  bool has_interval = false;  // false for a manual run without a date
  Json checkpoint;            // of the last Defer; null on the first call

  /// "run/task/map_index": the same for all attempts, so that an outside system can tell a
  /// repetition.
  std::string idempotency_key() const;
};

}  // namespace millrace
