// QueryService: answers the queries of operators (engine/op/query.h) from the stores.
#pragma once

#include <string_view>

#include "engine/base/json.h"
#include "engine/base/result.h"
#include "engine/op/query.h"
#include "engine/store/store.h"

namespace millrace {

/// Thread-safe; blocks on the stores, which are not owned.
class QueryService {
 public:
  explicit QueryService(const Stores& stores)
      : registry_(stores.registry),
        serving_(stores.serving),
        runs_(stores.runs),
        backfills_(stores.backfills) {}

  /// By the query's kind. Models and datasets are those of `name_space`, the one of the asking
  /// attempt. `invalid_argument` for an unknown kind or a missing argument, else what the store
  /// says.
  Result<Json> answer(const std::string& name_space, std::string_view kind, const Json& arguments);

  Result<DeploymentQuery::Answer> answer(const std::string& name_space,
                                         const DeploymentQuery& query);
  Result<ServingQuery::Answer> answer(const std::string& name_space, const ServingQuery& query);
  Result<VersionQuery::Answer> answer(const std::string& name_space, const VersionQuery& query);
  Result<ArtifactQuery::Answer> answer(const std::string& name_space, const ArtifactQuery& query);
  Result<DatasetQuery::Answer> answer(const std::string& name_space, const DatasetQuery& query);
  Result<RunOfDateQuery::Answer> answer(const std::string& name_space, const RunOfDateQuery& query);

 private:
  Result<std::optional<KnownVersion>> find_version(const ModelKey& model,
                                                   const std::string& artifact);

  Registry& registry_;
  ServingStore& serving_;
  RunReader& runs_;
  BackfillReader& backfills_;
};

/// The latency in milliseconds below which `share` of the requests of the window lie, interpolated
/// within its bucket; 0 when there were none. The open last bucket counts as its lower bound.
double latency_quantile_ms(const ServingWindow& window, double share);

}  // namespace millrace
