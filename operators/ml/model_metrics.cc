#include "operators/ml/model_metrics.h"

#include <cstdio>
#include <utility>

#include "engine/ml/metrics.h"

namespace millrace::operators {

Result<Json> measure(const ml::Model& model, const ml::Dataset& rows) {
  Json out = Json::object();
  if (rows.rows() == 0) return out;
  MR_TRY(const auto predictions, model.predict(rows.features));
  MR_TRY(const auto values,
         ml::evaluate_all(model.objective(), {rows.labels, predictions, rows.weights}));
  for (const auto& metric : values) out.set(metric.name, metric.value);
  return out;
}

Json importance_json(const ml::Model& model) {
  constexpr std::size_t kMost = 50;
  Json out = Json::array();
  for (const auto& one : model.importance()) {
    if (out.size() == kMost) break;
    out.push_back(Json::object({{"feature", one.feature}, {"importance", one.value}}));
  }
  return out;
}

std::string numbers_in(const Json& metrics) {
  std::string out;
  for (const auto& [name, value] : metrics.members()) {
    if (!value.is_number()) continue;
    char number[32];
    std::snprintf(number, sizeof number, "%.4g", value.as_double());
    out += (out.empty() ? "" : ", ") + name + " " + number;
  }
  return out;
}

Json range_json(const RowRange& range, const std::vector<std::int64_t>& micros) {
  Json out = Json::object({{"rows", range.size()}});
  if (range.size() == 0 || micros.empty()) return out;
  out.set("first", format_rfc3339(from_micros(micros[range.first])));
  out.set("last", format_rfc3339(from_micros(micros[range.last - 1])));
  return out;
}

PublishArtifact publish_stored(const StoredArtifact& stored, std::string kind, std::string name,
                               std::vector<std::string> inputs) {
  PublishArtifact effect;
  effect.digest = stored.digest;
  effect.artifact_kind = std::move(kind);
  effect.name = std::move(name);
  effect.bytes = stored.bytes;
  effect.inputs = std::move(inputs);
  return effect;
}

}  // namespace millrace::operators
