// QueryService: answers OperatorContext::query from the stores. Names and shapes:
// engine/op/query.h.
#pragma once

#include <string_view>

#include "engine/base/json.h"
#include "engine/base/result.h"
#include "engine/store/store.h"

namespace millrace {

/// Thread-safe; blocks on the stores, which are not owned.
class QueryService {
 public:
  QueryService(Registry& registry, ServingStore& serving)
      : registry_(registry), serving_(serving) {}

  /// `invalid_argument` for an unknown name or a missing argument, else what the store says. A
  /// model without a deployment is no error: its champion is null.
  Result<Json> answer(std::string_view name, const Json& arguments);

 private:
  Result<Json> deployment(const Json& arguments);
  Result<Json> serving_metrics(const Json& arguments);
  Result<Json> model_version(const Json& arguments);
  Result<Json> artifact(const Json& arguments);
  Result<Json> dataset(const Json& arguments);
  Result<Json> version_or_null(std::string_view model, std::string_view artifact);

  Registry& registry_;
  ServingStore& serving_;
};

/// The latency in milliseconds below which `share` of the requests of the window lie, interpolated
/// within its bucket; 0 when there were none. The open last bucket counts as its lower bound.
double latency_quantile_ms(const ServingWindow& window, double share);

}  // namespace millrace
