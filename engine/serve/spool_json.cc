#include <string>
#include <string_view>

#include "engine/base/record_json.h"
#include "engine/serve/spool.h"

namespace millrace::serve {
namespace {

constexpr std::string_view kFormat = "millrace.prediction_batch";

}  // namespace

Json to_json(const PredictionBatch& batch) {
  Json json = record_json(batch);
  json.set("format", kFormat);
  return json;
}

Result<PredictionBatch> prediction_batch_from_json(const Json& json) {
  if (json["format"].as_view() != kFormat)
    return invalid_argument("not a prediction batch: \"format\" must be \"" + std::string(kFormat) +
                            "\"");
  return read_record<PredictionBatch>(json);
}

}  // namespace millrace::serve
