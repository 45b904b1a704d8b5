#include "engine/api/views_model.h"

#include <algorithm>
#include <cmath>

#include "engine/store/store.h"

namespace millrace::api {
namespace {

std::optional<double> quantile_ms(const ServingWindow& window, double share) {
  std::int64_t total = 0;
  for (const auto count : window.latency_buckets) total += count;
  if (total == 0) return std::nullopt;
  const auto wanted = static_cast<std::int64_t>(std::ceil(share * static_cast<double>(total)));
  std::int64_t seen = 0;
  constexpr std::size_t bounds = std::size(kLatencyBoundsUs);
  for (std::size_t i = 0; i < window.latency_buckets.size(); ++i) {
    seen += window.latency_buckets[i];
    if (seen >= wanted)
      return static_cast<double>(kLatencyBoundsUs[std::min(i, bounds - 1)]) / 1000;
  }
  return std::nullopt;
}

}  // namespace

ServingView serving_view(const ServingWindow& window) {
  ServingView view;
  view.artifact = window.artifact;
  view.role = window.role;
  view.requests = window.requests;
  view.errors = window.errors;
  view.outcomes = window.outcomes;
  view.tripped = window.tripped;
  if (window.requests > 0) {
    const auto requests = static_cast<double>(window.requests);
    view.error_rate = static_cast<double>(window.errors) / requests;
    view.latency_ms_mean = window.latency_sum_us / requests / 1000;
  }
  view.latency_ms_p50 = quantile_ms(window, 0.5);
  view.latency_ms_p95 = quantile_ms(window, 0.95);
  view.latency_ms_p99 = quantile_ms(window, 0.99);
  if (window.outcomes > 0)
    view.business_mean = window.business_sum / static_cast<double>(window.outcomes);
  return view;
}

OperatorView operator_view(const OperatorInfo& info) {
  OperatorView view;
  view.name = info.name;
  view.doc = info.doc;
  view.version = info.version;
  view.placement = info.executor;
  for (const auto& param : info.params)
    view.params.push_back({param.name, std::string(to_string(param.type)), param.doc,
                           param.required, param.default_value, param.schema(), param.example});
  for (const auto& [name, doc] : info.outputs) view.outputs.push_back({name, doc});
  return view;
}

}  // namespace millrace::api
