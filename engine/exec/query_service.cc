#include "engine/exec/query_service.h"

#include <array>
#include <string>
#include <vector>

#include "engine/base/suggest.h"

namespace millrace {
namespace {

KnownVersion known(const ModelVersionRow& row) {
  return {.artifact = row.artifact,
          .version = row.version,
          .algorithm = row.algorithm,
          .metrics = row.metrics,
          .params = row.params,
          .manifest = row.manifest,
          .created_at = row.created_at,
          .not_shipped = row.not_shipped};
}

ServingQuery::Version measured(const ServingWindow& window) {
  const double mean = window.requests > 0
                          ? window.latency_sum_us / 1000.0 / static_cast<double>(window.requests)
                          : 0.0;
  return {.artifact = window.artifact,
          .role = window.role,
          .requests = window.requests,
          .errors = window.errors,
          .latency_ms = {latency_quantile_ms(window, 0.50), latency_quantile_ms(window, 0.95),
                         latency_quantile_ms(window, 0.99), mean},
          .outcomes = window.outcomes,
          .business_sum = window.business_sum,
          .business_sum_squares = window.business_sum_squares,
          .tripped = window.tripped};
}

struct Entry {
  std::string_view kind;
  Result<Json> (*answer)(QueryService&, const std::string& name_space, const Json&);
};

template <typename Q>
constexpr Entry entry() {
  return {Q::kind,
          [](QueryService& service, const std::string& name_space,
             const Json& arguments) -> Result<Json> {
            MR_TRY(const Q query, read_record<Q>(arguments));
            MR_TRY(const typename Q::Answer answer, service.answer(name_space, query));
            return record_json(answer);
          }};
}

constexpr std::array kEntries = {entry<DeploymentQuery>(), entry<ServingQuery>(),
                                 entry<VersionQuery>(),    entry<ArtifactQuery>(),
                                 entry<DatasetQuery>(),    entry<RunOfDateQuery>()};

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

Result<Json> QueryService::answer(const std::string& name_space, std::string_view kind,
                                  const Json& arguments) {
  std::vector<std::string> kinds;
  for (const auto& entry : kEntries) {
    if (entry.kind == kind) return entry.answer(*this, name_space, arguments);
    kinds.emplace_back(entry.kind);
  }
  return invalid_argument("there is no query '" + std::string(kind) + "'" +
                          did_you_mean(kind, kinds));
}

Result<std::optional<KnownVersion>> QueryService::find_version(const ModelKey& model,
                                                               const std::string& artifact) {
  if (artifact.empty()) return std::optional<KnownVersion>();
  const auto row = registry_.model_version(model, artifact);
  if (row) return std::optional(known(*row));
  if (row.error().code == ErrorCode::not_found)  // promoted from outside the registry
    return std::optional(KnownVersion{.artifact = artifact});
  return row.error();
}

Result<DeploymentQuery::Answer> QueryService::answer(const std::string& name_space,
                                                     const DeploymentQuery& query) {
  const ModelKey model(name_space, query.model);
  DeploymentRow row;
  if (auto found = serving_.deployment(model))
    row = *std::move(found);
  else if (found.error().code != ErrorCode::not_found)
    return found.error();
  DeploymentQuery::Answer out{.model = query.model};
  MR_TRY(out.champion, find_version(model, row.champion));
  MR_TRY(out.candidate, find_version(model, row.candidate));
  MR_TRY(out.last_good, find_version(model, row.last_good));
  out.weight = row.weight;
  out.revision = row.revision;
  return out;
}

Result<ServingQuery::Answer> QueryService::answer(const std::string& name_space,
                                                  const ServingQuery& query) {
  if (query.from_revision <= 0 && !query.since)
    return invalid_argument("the query needs 'since' or 'from_revision'");
  MR_TRY(const auto windows, serving_.windows({name_space, query.model},
                                              query.since.value_or(Time{}), query.from_revision));
  ServingQuery::Answer out;
  for (const auto& window : windows) out.versions.push_back(measured(window));
  return out;
}

Result<VersionQuery::Answer> QueryService::answer(const std::string& name_space,
                                                  const VersionQuery& query) {
  MR_TRY(const auto row, registry_.model_version({name_space, query.model}, query.artifact));
  return known(row);
}

Result<ArtifactQuery::Answer> QueryService::answer(const std::string&, const ArtifactQuery& query) {
  MR_TRY(const auto row, registry_.artifact(query.digest));
  return ArtifactQuery::Answer{row.digest, row.kind,   row.name,  row.bytes,
                               row.rows,   row.schema, row.inputs};
}

Result<DatasetQuery::Answer> QueryService::answer(const std::string& name_space,
                                                  const DatasetQuery& query) {
  MR_TRY(const auto row, registry_.dataset({name_space, query.dataset}));
  return DatasetQuery::Answer{row.dataset, row.artifact, row.rows, row.updated_at};
}

Result<RunOfDateQuery::Answer> QueryService::answer(const std::string& name_space,
                                                    const RunOfDateQuery& query) {
  const DagKey dag(name_space, query.dag);
  const std::array dates = {query.logical_date};
  MR_TRY(const DateFacts facts, backfills_.facts(dag, dates));
  const auto found = facts.find(query.logical_date);
  RunOfDateQuery::Answer out;
  if (found == facts.end() || !found->second.run) {
    MR_TRY(out.dag_exists, runs_.has_dag(dag));
    return out;
  }
  MR_TRY(const RunRow row, runs_.run(*found->second.run));
  out.run = row.run.to_string();
  out.state = to_string(row.status);
  out.outputs = row.outputs;
  return out;
}

}  // namespace millrace
