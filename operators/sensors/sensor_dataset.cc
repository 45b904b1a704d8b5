#include "operators/sensors/sensor_dataset.h"

#include "engine/op/query.h"

namespace millrace::operators {

/// From when on an update counts.
Result<Time> SensorDataset::begin(const OperatorContext& ctx, const Json& memory) const {
  if (!since.empty()) return parse_rfc3339(since);
  if (ctx.attempt().has_interval) return ctx.attempt().data_interval_start;
  return memory.is_object() ? from_micros(memory["since_us"].as_int()) : ctx.now();
}

Result<Look> SensorDataset::look(OperatorContext& ctx, const Json& memory) const {
  MR_TRY(const Time from, begin(ctx, memory));
  Look look;
  look.memory = Json::object({{"since_us", to_micros(from)}});
  const auto answer = ctx.query(DatasetQuery{dataset});
  if (!answer && answer.error().code != ErrorCode::not_found) return answer.error();
  if (!answer) {
    look.says = "it was never updated";
    return look;
  }
  look.says = "it was updated last at " + format_rfc3339(answer->updated_at);
  if (answer->updated_at < from) return look;
  look.answer = Look::Answer::found;
  look.outputs = Json::object({{"dataset", dataset},
                               {"artifact", answer->artifact},
                               {"rows", answer->rows},
                               {"updated_at", format_rfc3339(answer->updated_at)}});
  return look;
}

Result<Outcome> SensorDataset::run(OperatorContext& ctx) const {
  return run_sensor(
      ctx, *this, "an update of dataset '" + dataset + "'",
      [&](const Json& memory) { return look(ctx, memory); }, "dataset/" + dataset);
}

}  // namespace millrace::operators
