#include "engine/serve/v2_calls.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "engine/base/suggest.h"
#include "engine/http/open_metrics.h"
#include "engine/serve/infer_answer.h"
#include "engine/serve/metrics_text.h"
#include "engine/serve/v2_records.h"

namespace millrace::serve {
namespace {

HttpResponse error_response(const Error& error) {
  return serve::error_response(traits(error.code).http_status, error.message);
}

template <typename T>
http::Reply reply_of(const T& value, int status = 200) {
  http::Reply reply;
  reply.status = status;
  append_record(reply.json, value);
  return reply;
}

/// The input that names the entity, if no feature has its name.
std::optional<std::string> entity_input(const std::vector<std::string>& features) {
  for (const char* name : {"entity", "entity_id"})
    if (std::ranges::find(features, name) == features.end()) return name;
  return std::nullopt;
}

/// How long a request waits for room in the prediction log.
constexpr std::chrono::milliseconds kRoomPatience{5'000};

/// Its square must be a number as well.
constexpr double kLargestOutcome = 1e100;

/// What one item of an outcomes body says.
struct Outcome {
  std::string id, entity;
  double value = 0;
};

Result<Outcome> outcome_from_json(const Json& json, bool probability) {
  Outcome out;
  const Json &id = json["id"], &entity = json["entity"];
  if (!id.is_null() && !id.is_string()) return invalid_argument("\"id\" must be a string");
  out.id = id.as_string();
  if (!entity.is_null()) {
    MR_TRY(out.entity, key_from_json("\"entity\"", entity));
  }
  if (out.id.empty() && out.entity.empty())
    return invalid_argument("needs an \"id\" or an \"entity\" (a string)");
  const Json& value = json["outcome"];
  if (!value.is_number() && !value.is_bool())
    return invalid_argument("\"outcome\" must be a number, or true or false");
  out.value = value.is_bool() ? static_cast<double>(value.as_bool()) : value.as_double();
  if (probability && !(out.value >= 0 && out.value <= 1))
    return invalid_argument("\"outcome\" of a probability must be from 0 to 1");
  if (!(std::abs(out.value) <= kLargestOutcome))
    return invalid_argument("\"outcome\" must be a number from -1e100 to 1e100");
  return out;
}

ServedVersion version_of(const ServedModel& served) {
  return {std::to_string(served.version), served.artifact};
}

VersionTotals totals_of(const Metering::Series& series) {
  const auto mean = [](double sum, std::int64_t count) {
    return count == 0 ? std::nullopt : std::optional(sum / static_cast<double>(count));
  };
  const auto& totals = series.totals;
  return {.version = std::to_string(series.version),
          .artifact = series.key.artifact,
          .role = series.key.role,
          .requests = totals.requests,
          .errors = totals.errors,
          .latency_us = {.p50 = totals.latency.quantile_us(0.5),
                         .p95 = totals.latency.quantile_us(0.95),
                         .p99 = totals.latency.quantile_us(0.99),
                         .mean = mean(totals.latency.sum_us, totals.requests)},
          .outcomes = totals.outcomes,
          .business_mean = mean(totals.business_sum, totals.outcomes)};
}

LogTotals totals_of(const PredictionLog::Stats& log) {
  return {.logged = log.logged,
          .sampled_out = log.sampled_out,
          .thinned = log.thinned,
          .waited = log.waited,
          .dropped = log.dropped,
          .dropped_batches = log.dropped_batches,
          .spooled_batches = log.spooled_batches};
}

}  // namespace

HttpResponse error_response(int status, std::string_view text) {
  HttpResponse out{.status = status};
  Json::object({{"error", text}}).dump_to(out.body);
  if (status == 503) out.headers.emplace_back("Retry-After", "1");
  return out;
}

Result<V2Calls::Target> V2Calls::target(std::string_view model) const {
  const auto snapshot = parts_.host.snapshot();
  const auto found = snapshot->routes.find(model);
  if (found != snapshot->routes.end()) return Target{.route = found->second, .pinned = nullptr};
  if (!snapshot->loaded)
    return unavailable("the server is starting: deployments have not been read yet");
  if (const auto failed = snapshot->failed.find(model); failed != snapshot->failed.end())
    return unavailable("model " + in_quotes(model) + ": " + failed->second);
  std::vector<std::string> names;
  for (const auto& [name, route] : snapshot->routes) names.push_back(name);
  return not_found("no model " + in_quotes(model) + " is deployed" +
                   did_you_mean(model.substr(0, 128), names));
}

Result<V2Calls::Target> V2Calls::target(std::string_view model, int version) const {
  MR_TRY(Target out, target(model));
  out.pinned = out.route->version(version);
  if (out.pinned) return out;
  parts_.host.want_version(model, version);
  if (std::ranges::binary_search(out.route->versions, version))
    return unavailable("version " + std::to_string(version) + " of model " + in_quotes(model) +
                       " is being loaded; ask again in a moment");
  std::string known;
  for (const int each : out.route->versions)
    known += (known.empty() ? "" : ", ") + std::to_string(each);
  return not_found("model " + in_quotes(model) + " has no version " + std::to_string(version) +
                   "; there is: " + known);
}

Result<V2Calls::Target> V2Calls::target_of(const http::Call& call) const {
  const std::string model = call.path("model");
  const auto version = static_cast<int>(call.path_value("version").as_int());
  return version == 0 ? target(model) : target(model, version);
}

/// Of infer, whose path is judged here: /v2/models/{model}[/versions/{version}]/infer.
Result<V2Calls::Target> V2Calls::target_of(const HttpRequest& request) const {
  const auto& path = request.segments;
  if (path.size() < 5) return target(path[2]);
  int version = 0;
  const std::string& text = path[4];
  const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), version);
  if (problem != std::errc() || end != text.data() + text.size() || version < 1)
    return invalid_argument("version " + in_quotes(text) + " must be a positive integer");
  return target(path[2], version);
}

Result<http::Reply> V2Calls::metadata(const http::Call& call) const {
  MR_TRY(const Target target, target_of(call));
  const ServedModel& served = target.contract();
  const auto tensor = [](std::string_view name, std::string_view datatype) {
    return TensorMetadata{std::string(name), std::string(datatype), {-1}};
  };
  ModelMetadata out{.name = served.model,
                    .versions = {},
                    .platform = "millrace_" + std::string(served.predictor.algorithm()),
                    .inputs = {},
                    .outputs = {tensor(score_name(served), "FP64")},
                    .parameters = {}};
  for (const int number : target.route->versions) out.versions.push_back(std::to_string(number));
  const auto& features = served.predictor.feature_names();
  for (const auto& feature : features) out.inputs.push_back(tensor(feature, "FP64"));
  if (is_binary(served)) out.outputs.push_back(tensor("label", "INT64"));
  out.parameters = {
      .version = std::to_string(served.version),
      .artifact = served.artifact,
      .matrix_input = {"input", "FP64", {-1, static_cast<std::int64_t>(features.size())}},
      .entity_input = entity_input(features)};
  return reply_of(out);
}

Result<http::Reply> V2Calls::model_ready(const http::Call& call) const {
  MR_TRY(const Target target, target_of(call));
  return reply_of(ModelReady{call.path("model"), true});
}

/// The answer, as soon as the prediction log has room for what is predicted.
Result<HttpResponse> V2Calls::when_there_is_room(const HttpRequest& request) const {
  const Error full = unavailable("the prediction log is full; ask again in a moment");
  auto later = std::make_shared<http::Later>();
  later->wake = std::make_shared<http::Wake>();
  later->patience = kRoomPatience;
  if (!parts_.log.await_room(later->wake)) return full;
  // There may have been room since the caller looked.
  if (parts_.log.has_room()) later->wake->notify();
  later->look = [this, request, full,
                 wake = std::weak_ptr(later->wake)](bool over) -> std::optional<HttpResponse> {
    if (parts_.log.has_room()) return infer(request);
    if (over || !parts_.log.await_room(wake)) return error_response(full);
    return std::nullopt;
  };
  HttpResponse response;
  response.later = std::move(later);
  return response;
}

HttpResponse V2Calls::infer(const HttpRequest& request) const {
  auto response = inferred(request);
  return response ? *std::move(response) : error_response(response.error());
}

Result<HttpResponse> V2Calls::inferred(const HttpRequest& request) const {
  MR_TRY(const Target target, target_of(request));
  if (!parts_.log.has_room()) return when_there_is_room(request);
  const auto start = parts_.clock.steady();
  const ServedModel& contract = target.contract();
  MR_TRY(InferRequest parsed,
         parse_infer_request(request.body, known_features(*target.route, contract)));
  MR_CHECK(check_outputs(parsed.outputs, contract));
  std::vector<std::string> outputs = parsed.outputs;
  if (outputs.empty()) outputs = output_names(contract);  // V2: all that the metadata lists
  MR_TRY(const Inferred made,
         parts_.inference.infer(
             {.route = target.route,
              .pinned = target.pinned,
              .request = std::move(parsed),
              .entity_header = std::string(request.header("X-Entity-Key").substr(0, 1024)),
              .trace_id = request.trace_id,
              .start = start}));
  return HttpResponse{.body = infer_body(made, outputs)};
}

Result<http::Reply> V2Calls::outcomes(const http::Call& call) const {
  MR_TRY(const Target target, target_of(call));
  const HttpRequest& request = call.request();
  MR_TRY(const Json body,
         Json::parse(request.body,
                     {.max_bytes = request.body.size(), .max_depth = 8, .unique_names = true}));
  const Json& items = body.is_array() ? body : body["outcomes"];
  if (!items.is_array())
    return invalid_argument("expected a list of {\"id\" or \"entity\", \"outcome\"}");
  const auto& route = *target.route;
  const std::string& model = route.model;
  const Time now = parts_.clock.now();
  const bool probability = is_binary(route.champion ? *route.champion : *route.candidate);
  OutcomesResult result;
  for (std::size_t i = 0; i < items.size(); ++i) {
    const auto outcome = outcome_from_json(items.at(i), probability);
    if (!outcome) {
      if (result.errors.size() < 10)
        result.errors.push_back({static_cast<std::int64_t>(i), outcome.error().message});
      continue;
    }
    const auto found = outcome->id.empty() ? parts_.outcomes.by_entity(model, outcome->entity)
                                           : parts_.outcomes.by_id(model, outcome->id);
    result.matched += found.match == OutcomeMatcher::Match::matched;
    result.repeated += found.match == OutcomeMatcher::Match::repeated;
    result.unknown += found.match == OutcomeMatcher::Match::unknown;
    if (found.match != OutcomeMatcher::Match::matched) continue;
    const auto& given = found.given;
    parts_.metering.outcome(
        {model, given.served->artifact, std::string(given.role)}, given.served->version,
        score(parts_.business, given.prediction, outcome->value), now, route.row.revision);
  }
  return reply_of(result);
}

Result<http::Reply> V2Calls::stats(const http::Call& call) const {
  MR_TRY(const Target target, target_of(call));
  const Route& route = *target.route;
  ModelStats out;
  out.model = route.model;
  out.revision = route.row.revision;
  if (route.champion) out.champion = version_of(*route.champion);
  if (route.candidate) out.candidate = version_of(*route.candidate);
  out.weight = route.share * 100;
  out.tripped = route.tripped;
  out.problem = route.problem;
  out.log = totals_of(parts_.log.stats());
  if (route.breaker) out.breaker = route.breaker->describe(parts_.clock.steady());
  for (const auto& series : parts_.metering.totals())
    if (series.key.model == route.model) out.series.push_back(totals_of(series));
  return reply_of(out);
}

Result<http::Reply> V2Calls::index(const http::Call&) const {
  std::vector<IndexEntry> out;
  const auto snapshot = parts_.host.snapshot();
  for (const auto& [model, route] : snapshot->routes) {
    std::vector<ServedModelPtr> loaded = {route->champion, route->candidate};
    loaded.insert(loaded.end(), route->others.begin(), route->others.end());
    std::vector<int> seen;
    for (const auto& served : loaded) {
      if (!served || std::ranges::find(seen, served->version) != seen.end()) continue;
      seen.push_back(served->version);
      out.push_back({model, std::to_string(served->version), "READY", ""});
    }
  }
  for (const auto& [model, reason] : snapshot->failed)
    out.push_back({model, "", "UNAVAILABLE", reason});
  return reply_of(out);
}

Result<http::Reply> V2Calls::ready(const http::Call&) const {
  const auto snapshot = parts_.host.snapshot();
  // A model that cannot be loaded is not ready itself; the others go on being served.
  ServerReady out{.ready = snapshot->loaded, .models_not_ready = {}};
  for (const auto& [model, reason] : snapshot->failed) out.models_not_ready.push_back(model);
  return reply_of(out, snapshot->loaded ? 200 : 503);
}

Result<http::Reply> V2Calls::metrics(const http::Call& call) const {
  http::Reply reply;
  reply.raw = http::metrics_response(
      call.request(),
      metrics_text(*parts_.host.snapshot(), parts_.metering.totals(), parts_.log.stats(),
                   {.load_failures = parts_.host.load_failures(),
                    .refresh_failures = parts_.host.refresh_failures(),
                    .dropped_windows = parts_.metering.dropped_windows()}));
  return reply;
}

}  // namespace millrace::serve
