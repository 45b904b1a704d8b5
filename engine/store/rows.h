// Rows: the contents of the projections and registries, as plain data. Column meanings are the same
// in MemStore and PostgreSQL. What people name has a namespace; the rest belongs to one through its
// run.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "engine/core/event.h"
#include "engine/store/backfill_rows.h"
#include "engine/store/model_rows.h"
#include "engine/store/resource_rows.h"
#include "engine/store/run_rows.h"

namespace millrace {

/// A command from outside the planner (engine/core/commands.h; make_command in store/command.h).
/// Exactly one CommandHandled answers it.
struct Command {
  static constexpr std::string_view record_name = "Command";
  Uuid id;
  std::string kind;
  Json body = Json::object();
  std::string idempotency_key;  // "" or unique in its namespace, as long as history goes back
  std::string namespace_{kDefaultNamespace};  // in which it acts
  Origin origin;
  Time created_at{};

  static constexpr auto fields() {
    return std::tuple{field("command", &Command::id, "Its id"),
                      field("kind", &Command::kind, "What is asked for"),
                      field("body", &Command::body, "With which arguments"),
                      field("idempotency_key", &Command::idempotency_key, "\"\": none").optional(),
                      field("namespace", &Command::namespace_, "In which it acts"),
                      field("", &Command::origin, ""),
                      field("created_at", &Command::created_at, "When it was submitted")};
  }
};
struct CommandResult {
  static constexpr std::string_view record_name = "CommandAnswer";
  Uuid command;
  bool ok = true;
  Json result;
  Time at{};

  static constexpr auto fields() {
    return std::tuple{field("command", &CommandResult::command, "Which command"),
                      field("ok", &CommandResult::ok, "True: it was carried out"),
                      field("result", &CommandResult::result, "The answer, or the error"),
                      field("at", &CommandResult::at, "When it was handled")};
  }
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
  static constexpr std::string_view record_name = "ServingWindow";
  std::string model;
  std::string namespace_{kDefaultNamespace};
  std::string artifact;
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

  static constexpr auto fields() {
    return std::tuple{
        field("model", &ServingWindow::model, "The model's name"),
        field("namespace", &ServingWindow::namespace_, "The namespace of the model").optional(),
        field("artifact", &ServingWindow::artifact, "The version that answered"),
        field("role", &ServingWindow::role, "champion, baseline or candidate"),
        field("start_us", &ServingWindow::start, "When the window begins"),
        field("requests", &ServingWindow::requests, "Requests it answered"),
        field("errors", &ServingWindow::errors, "How many of them failed"),
        field("latency_buckets", &ServingWindow::latency_buckets,
              "Counts by the bounds of kLatencyBoundsUs"),
        // JSON has no infinity: a sum that overflowed is written as null, and read as 0.
        field("latency_sum_us", &ServingWindow::latency_sum_us, "Sum of latencies").optional(),
        field("outcomes", &ServingWindow::outcomes, "Predictions whose true outcome is known"),
        field("business_sum", &ServingWindow::business_sum, "Sum of their business values")
            .optional(),
        field("business_sum_squares", &ServingWindow::business_sum_squares, "And of the squares")
            .optional(),
        field("tripped", &ServingWindow::tripped, "The circuit breaker opened in this window"),
        field("revision", &ServingWindow::revision,
              "Of the deployment that was served; 0: not known")
            .optional()};
  }
};

/// One answered request.
struct Prediction {
  static constexpr std::string_view record_name = "Prediction";
  std::string id;  // of the request
  std::string model;
  std::string namespace_{kDefaultNamespace};
  std::string artifact, entity;
  Json features, output;
  std::int64_t latency_us = 0;
  std::string trace_id;
  Time at{};

  static constexpr auto fields() {
    return std::tuple{
        field("id", &Prediction::id, "Of the request"),
        field("model", &Prediction::model, "The model's name"),
        field("namespace", &Prediction::namespace_, "The namespace of the model").optional(),
        field("artifact", &Prediction::artifact, "The version that answered"),
        field("entity", &Prediction::entity, "What it is about; \"\": not given"),
        field("features", &Prediction::features, "What the model saw"),
        field("output", &Prediction::output, "What it answered"),
        field("latency_us", &Prediction::latency_us, "How long it took"),
        field("trace_id", &Prediction::trace_id, "W3C trace id; \"\": none"),
        field("at_us", &Prediction::at, "When")};
  }
};
/// Sent whole; `id` makes a repetition harmless.
struct PredictionBatch {
  Uuid id;
  std::vector<Prediction> predictions;
  std::vector<ServingWindow> windows;

  static constexpr auto fields() {
    return std::tuple{field("id", &PredictionBatch::id, "Of the batch"),
                      field("predictions", &PredictionBatch::predictions, "One for each request"),
                      field("windows", &PredictionBatch::windows, "What was measured")};
  }
};

}  // namespace millrace
