#include "engine/serve/spool.h"

namespace millrace::serve {
namespace {

Json to_json(const Prediction& prediction) {
  return Json::object({{"id", prediction.id},
                       {"model", prediction.model},
                       {"artifact", prediction.artifact},
                       {"entity", prediction.entity},
                       {"features", prediction.features},
                       {"output", prediction.output},
                       {"latency_us", prediction.latency_us},
                       {"trace_id", prediction.trace_id},
                       {"at_us", to_micros(prediction.at)}});
}

Prediction prediction_from_json(const Json& json) {
  Prediction out;
  out.id = json["id"].as_string();
  out.model = json["model"].as_string();
  out.artifact = json["artifact"].as_string();
  out.entity = json["entity"].as_string();
  out.features = json["features"];
  out.output = json["output"];
  out.latency_us = json["latency_us"].as_int();
  out.trace_id = json["trace_id"].as_string();
  out.at = from_micros(json["at_us"].as_int());
  return out;
}

Json to_json(const ServingWindow& window) {
  Json buckets = Json::array();
  for (const auto count : window.latency_buckets) buckets.push_back(count);
  return Json::object({{"model", window.model},
                       {"artifact", window.artifact},
                       {"role", window.role},
                       {"start_us", to_micros(window.start)},
                       {"requests", window.requests},
                       {"errors", window.errors},
                       {"latency_buckets", std::move(buckets)},
                       {"latency_sum_us", window.latency_sum_us},
                       {"outcomes", window.outcomes},
                       {"business_sum", window.business_sum},
                       {"business_sum_squares", window.business_sum_squares},
                       {"tripped", window.tripped},
                       {"revision", window.revision}});
}

ServingWindow window_from_json(const Json& json) {
  ServingWindow out;
  out.model = json["model"].as_string();
  out.artifact = json["artifact"].as_string();
  out.role = json["role"].as_string();
  out.start = from_micros(json["start_us"].as_int());
  out.requests = json["requests"].as_int();
  out.errors = json["errors"].as_int();
  for (const auto& count : json["latency_buckets"].items())
    out.latency_buckets.push_back(count.as_int());
  out.latency_sum_us = json["latency_sum_us"].as_double();
  out.outcomes = json["outcomes"].as_int();
  out.business_sum = json["business_sum"].as_double();
  out.business_sum_squares = json["business_sum_squares"].as_double();
  out.tripped = json["tripped"].as_bool();
  out.revision = json["revision"].as_int();
  return out;
}

}  // namespace

Json to_json(const PredictionBatch& batch) {
  Json predictions = Json::array();
  for (const auto& prediction : batch.predictions) predictions.push_back(to_json(prediction));
  Json windows = Json::array();
  for (const auto& window : batch.windows) windows.push_back(to_json(window));
  return Json::object({{"format", "millrace.prediction_batch"},
                       {"id", batch.id.to_string()},
                       {"predictions", std::move(predictions)},
                       {"windows", std::move(windows)}});
}

Result<PredictionBatch> prediction_batch_from_json(const Json& json) {
  if (json["format"].as_view() != "millrace.prediction_batch")
    return invalid_argument(
        "not a prediction batch: \"format\" must be "
        "\"millrace.prediction_batch\"");
  PredictionBatch out;
  MR_TRY(out.id, Uuid::parse(json["id"].as_view()));
  for (const auto& item : json["predictions"].items())
    out.predictions.push_back(prediction_from_json(item));
  for (const auto& item : json["windows"].items()) out.windows.push_back(window_from_json(item));
  return out;
}

}  // namespace millrace::serve
