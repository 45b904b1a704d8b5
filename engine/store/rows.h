// Rows: the contents of the projections and registries, as plain data. Column meanings are the same
// in MemStore and PostgreSQL; every row belongs to a namespace through its DAG or model.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/core/event.h"
#include "engine/store/model_rows.h"
#include "engine/store/run_rows.h"

namespace millrace {

/// A command from outside the planner (engine/core/commands.h; make_command in store/command.h).
/// Exactly one CommandHandled answers it.
struct Command {
  Uuid id;
  std::string kind;
  Json body = Json::object();
  std::string idempotency_key;  // "" or unique in its namespace, as long as history goes back
  std::string namespace_ = "default";
  Origin origin;
  Time created_at{};
};
struct CommandResult {
  Uuid command;
  bool ok = true;
  Json result;
  Time at{};
};

/// One attempt's output, in pieces. `offset` counts bytes from the attempt's start, so that a
/// repeated write is no double.
struct LogChunk {
  Uuid run;
  std::string task;
  int map_index = -1;
  int attempt = 0;
  std::int64_t offset = 0;
  std::string text;
  Time at{};
};

/// What the model server measured of one version in one window of time.
struct ServingWindow {
  std::string model, artifact;
  std::string role;  // "champion", "baseline" or "candidate"
  Time start{};
  std::int64_t requests = 0, errors = 0;
  std::vector<std::int64_t>
      latency_buckets;  // counts; bounds: kLatencyBoundsUs, last bucket is +infinity; may be empty
  double latency_sum_us = 0;
  std::int64_t outcomes = 0;
  double business_sum = 0, business_sum_squares = 0;
  bool tripped = false;       // the circuit breaker opened in this window
  std::int64_t revision = 0;  // of the deployment that was served; 0: not known
};

/// One answered request.
struct Prediction {
  std::string id;  // of the request
  std::string model, artifact, entity;
  Json features, output;
  std::int64_t latency_us = 0;
  std::string trace_id;
  Time at{};
};
/// Sent whole; `id` makes a repetition harmless.
struct PredictionBatch {
  Uuid id;
  std::vector<Prediction> predictions;
  std::vector<ServingWindow> windows;
};

}  // namespace millrace
