// Names and shapes of OperatorContext::query. The engine answers from its store.
#pragma once

#include <string_view>

namespace millrace::query {

/// {model} → {model, champion: {artifact, version, metrics} | null, candidate: {…} | null, weight,
/// last_good: {…} | null, revision}
inline constexpr std::string_view deployment = "deployment";
/// {model, since: RFC 3339 | from_revision: of the deployment} → {versions: [{artifact, role:
/// "baseline" | "candidate", requests, errors, latency_ms: {p50, p95, p99, mean},
///  outcomes, business_sum, business_sum_squares, tripped}]}: what the model server measured since
///  then, or since the deployment has had that revision
inline constexpr std::string_view serving_metrics = "serving_metrics";
/// {model, artifact} → {version, algorithm, metrics, params, manifest, created_at, not_shipped: why
/// it must not be deployed, or ""}
inline constexpr std::string_view model_version = "model_version";
/// {digest} → {digest, kind, name, bytes, rows, schema, inputs}
inline constexpr std::string_view artifact = "artifact";
/// {dataset} → {dataset, artifact, rows, updated_at}
inline constexpr std::string_view dataset = "dataset";

}  // namespace millrace::query
