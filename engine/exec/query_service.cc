#include "engine/exec/query_service.h"

#include <array>
#include <string>
#include <vector>

#include "engine/base/suggest.h"
#include "engine/op/query.h"

namespace millrace {
namespace {

Result<std::string> required(const Json& arguments, std::string_view name) {
  if (const Json& value = arguments[name]; value.is_string() && !value.as_view().empty())
    return value.as_string();
  return invalid_argument("the query needs the argument '" + std::string(name) + "', a string");
}

Json version_json(const ModelVersionRow& row) {
  return Json::object({{"artifact", row.artifact},
                       {"version", row.version},
                       {"algorithm", row.algorithm},
                       {"metrics", row.metrics},
                       {"params", row.params},
                       {"manifest", row.manifest},
                       {"created_at", format_rfc3339(row.created_at)},
                       {"not_shipped", row.not_shipped}});
}

Json window_json(const ServingWindow& window) {
  const double mean = window.requests > 0
                          ? window.latency_sum_us / 1000.0 / static_cast<double>(window.requests)
                          : 0.0;
  return Json::object({{"artifact", window.artifact},
                       {"role", window.role},
                       {"requests", window.requests},
                       {"errors", window.errors},
                       {"latency_ms", Json::object({{"p50", latency_quantile_ms(window, 0.50)},
                                                    {"p95", latency_quantile_ms(window, 0.95)},
                                                    {"p99", latency_quantile_ms(window, 0.99)},
                                                    {"mean", mean}})},
                       {"outcomes", window.outcomes},
                       {"business_sum", window.business_sum},
                       {"business_sum_squares", window.business_sum_squares},
                       {"tripped", window.tripped}});
}

}  // namespace

double latency_quantile_ms(const ServingWindow& window, double share) {
  std::int64_t total = 0;
  for (const auto count : window.latency_buckets) total += count;
  if (total == 0) return 0;
  const double wanted = share * static_cast<double>(total);
  double below = 0, low = 0;
  for (std::size_t i = 0; i < window.latency_buckets.size(); ++i) {
    if (i >= std::size(kLatencyBoundsUs)) break;
    const double high = static_cast<double>(kLatencyBoundsUs[i]);
    const double count = static_cast<double>(window.latency_buckets[i]);
    if (count > 0 && below + count >= wanted)
      return (low + (high - low) * (wanted - below) / count) / 1000.0;
    below += count;
    low = high;
  }
  return low / 1000.0;
}

Result<Json> QueryService::answer(std::string_view name, const Json& arguments) {
  struct Row {
    std::string_view name;
    Result<Json> (QueryService::*answer)(const Json&);
  };
  static constexpr std::array kRows = {
      Row{query::deployment, &QueryService::deployment},
      Row{query::serving_metrics, &QueryService::serving_metrics},
      Row{query::model_version, &QueryService::model_version},
      Row{query::artifact, &QueryService::artifact},
      Row{query::dataset, &QueryService::dataset},
  };
  std::vector<std::string> names;
  for (const auto& row : kRows) {
    if (row.name == name) return (this->*row.answer)(arguments);
    names.emplace_back(row.name);
  }
  return invalid_argument("there is no query '" + std::string(name) + "'" +
                          did_you_mean(name, names));
}

Result<Json> QueryService::version_or_null(std::string_view model, std::string_view artifact) {
  if (artifact.empty()) return Json();
  const auto row = registry_.model_version(model, artifact);
  if (row) return version_json(*row);
  if (row.error().code == ErrorCode::not_found)
    return Json::object({{"artifact", artifact}});  // promoted from outside the registry
  return row.error();
}

Result<Json> QueryService::deployment(const Json& arguments) {
  MR_TRY(const std::string model, required(arguments, "model"));
  DeploymentRow row;
  if (auto found = serving_.deployment(model))
    row = *std::move(found);
  else if (found.error().code != ErrorCode::not_found)
    return found.error();
  MR_TRY(Json champion, version_or_null(model, row.champion));
  MR_TRY(Json candidate, version_or_null(model, row.candidate));
  MR_TRY(Json last_good, version_or_null(model, row.last_good));
  return Json::object({{"model", model},
                       {"champion", std::move(champion)},
                       {"candidate", std::move(candidate)},
                       {"weight", row.weight},
                       {"last_good", std::move(last_good)},
                       {"revision", row.revision}});
}

Result<Json> QueryService::serving_metrics(const Json& arguments) {
  MR_TRY(const std::string model, required(arguments, "model"));
  Time since{};
  const std::int64_t revision = arguments["from_revision"].as_int();
  if (revision <= 0) {
    MR_TRY(const std::string text, required(arguments, "since"));
    MR_TRY(since, parse_rfc3339(text));
  }
  MR_TRY(const auto windows, serving_.windows(model, since, revision));
  Json versions = Json::array();
  for (const auto& window : windows) versions.push_back(window_json(window));
  return Json::object({{"versions", std::move(versions)}});
}

Result<Json> QueryService::model_version(const Json& arguments) {
  MR_TRY(const std::string model, required(arguments, "model"));
  MR_TRY(const std::string artifact, required(arguments, "artifact"));
  MR_TRY(const auto row, registry_.model_version(model, artifact));
  return version_json(row);
}

Result<Json> QueryService::artifact(const Json& arguments) {
  MR_TRY(const std::string digest, required(arguments, "digest"));
  MR_TRY(const auto row, registry_.artifact(digest));
  Json inputs = Json::array();
  for (const auto& input : row.inputs) inputs.push_back(input);
  return Json::object({{"digest", row.digest},
                       {"kind", row.kind},
                       {"name", row.name},
                       {"bytes", row.bytes},
                       {"rows", row.rows},
                       {"schema", row.schema},
                       {"inputs", std::move(inputs)}});
}

Result<Json> QueryService::dataset(const Json& arguments) {
  MR_TRY(const std::string name, required(arguments, "dataset"));
  MR_TRY(const auto row, registry_.dataset(name));
  return Json::object({{"dataset", row.dataset},
                       {"artifact", row.artifact},
                       {"rows", row.rows},
                       {"updated_at", format_rfc3339(row.updated_at)}});
}

}  // namespace millrace
