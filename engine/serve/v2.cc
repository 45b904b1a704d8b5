#include "engine/serve/v2.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "engine/base/suggest.h"
#include "engine/http/open_metrics.h"
#include "engine/serve/metrics_text.h"

namespace millrace::serve {
namespace {

using Segments = std::vector<std::string>;

std::string in_quotes(std::string_view text) {
  return "'" + std::string(text.substr(0, 128)) + "'";
}

HttpResponse json_response(const Json& json, int status = 200) {
  return {.status = status, .body = json.dump()};
}

HttpResponse error_response(const Error& error) {
  HttpResponse out =
      json_response(Json::object({{"error", error.message}}), traits(error.code).http_status);
  if (out.status == 503) out.headers.emplace_back("Retry-After", "1");
  return out;
}

/// Empty if the method fits.
std::optional<HttpResponse> wrong_method(const HttpRequest& request, std::string_view allowed) {
  const bool reads = request.method == "GET" || request.method == "HEAD";
  if (allowed == "GET, POST" ? reads || request.method == "POST"
      : reads                ? allowed == "GET"
                             : request.method == allowed)
    return {};
  HttpResponse out = json_response(
      Json::object({{"error", "method " + std::string(request.method.substr(0, 16)) +
                                  " is not for this address; expected " + std::string(allowed)}}),
      405);
  out.headers.emplace_back("Allow", std::string(allowed));
  return out;
}

Result<int> version_number(std::string_view text) {
  int number = 0;
  const auto* end = text.data() + text.size();
  const auto parsed = std::from_chars(text.data(), end, number);
  if (parsed.ec != std::errc() || parsed.ptr != end || number < 1)
    return invalid_argument("version " + in_quotes(text) + " must be a positive integer");
  return number;
}

Json tensor_metadata(std::string_view name, std::string_view datatype, Json shape) {
  return Json::object({{"name", name}, {"datatype", datatype}, {"shape", std::move(shape)}});
}

bool is_binary(const ServedModel& served) {
  return served.predictor.objective() == ml::Objective::binary;
}

std::string_view score_name(const ServedModel& served) {
  return is_binary(served) ? "probability" : "prediction";
}

std::vector<std::string> output_names(const ServedModel& served) {
  std::vector<std::string> names = {std::string(score_name(served))};
  if (is_binary(served)) names.emplace_back("label");
  return names;
}

void append_number(std::string& out, double value) {
  char digits[32];
  const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  out.append(digits, end);
  if (std::string_view(digits, static_cast<std::size_t>(end - digits)).find_first_of(".e") ==
      std::string_view::npos)
    out += ".0";
}

void append_output(std::string& out, std::string_view name, const Inferred& inferred) {
  const bool label = name == "label";
  out += R"({"name":")";
  out += name;
  out += label ? R"(","datatype":"INT64","shape":[)" : R"(","datatype":"FP64","shape":[)";
  out += std::to_string(inferred.predictions.size());
  out += R"(],"data":[)";
  for (std::size_t i = 0; i < inferred.predictions.size(); ++i) {
    if (i > 0) out += ',';
    if (label)
      out += inferred.predictions[i] >= 0.5 ? '1' : '0';
    else
      append_number(out, inferred.predictions[i]);
  }
  out += "]}";
}

std::string infer_body(const Inferred& inferred, const std::vector<std::string>& outputs) {
  const auto& served = *inferred.served;
  std::string out;
  out.reserve(384 + inferred.predictions.size() * 24);
  out += R"({"model_name":)";
  append_json_string(out, served.model);
  out += R"(,"model_version":")" + std::to_string(served.version) + R"(","id":)";
  append_json_string(out, inferred.id);
  out += R"(,"parameters":{"role":")";
  out += inferred.role;
  out += R"(","artifact":)";
  append_json_string(out, served.artifact);
  out += R"(,"latency_us":)" + std::to_string(inferred.latency_us);
  if (inferred.fell_back) out += R"(,"fell_back":true)";
  out += R"(},"outputs":[)";
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    if (i > 0) out += ',';
    append_output(out, outputs[i], inferred);
  }
  out += "]}";
  return out;
}

/// The input that names the entity, if no feature has its name.
Json entity_input(const std::vector<std::string>& features) {
  for (const char* name : {"entity", "entity_id"})
    if (std::ranges::find(features, name) == features.end()) return Json(name);
  return Json();
}

/// What became of the predictions of this process, of all models.
Json log_json(const PredictionLog::Stats& log) {
  return Json::object({{"logged", log.logged},
                       {"sampled_out", log.sampled_out},
                       {"thinned", log.thinned},
                       {"waited", log.waited},
                       {"dropped", log.dropped},
                       {"dropped_batches", log.dropped_batches},
                       {"spooled_batches", log.spooled_batches}});
}

Status check_outputs(const std::vector<std::string>& outputs, const ServedModel& contract) {
  const std::string score(score_name(contract));
  for (const auto& name : outputs)
    if (name != score && !(name == "label" && is_binary(contract)))
      return invalid_argument("unknown output " + in_quotes(name) + "; expected '" + score + "'" +
                              (is_binary(contract) ? " or 'label'" : ""));
  return {};
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

}  // namespace

HttpResponse V2::refusal(const http::Refusal& refusal) {
  return json_response(Json::object({{"error", refusal.detail}}), refusal.status);
}

HttpResponse V2::handle(const HttpRequest& request) const {
  auto response = dispatch(request);
  return response ? *std::move(response) : error_response(response.error());
}

Result<HttpResponse> V2::dispatch(const HttpRequest& request) const {
  const Segments& path = request.segments;
  const auto is = [&](std::initializer_list<std::string_view> wanted) {
    return std::ranges::equal(path, wanted);
  };
  if (path.size() >= 3 && path[0] == "v2" && path[1] == "models") return model_call(request);
  if (is({"v2", "repository", "index"})) {
    if (auto refused = wrong_method(request, "GET, POST")) return *std::move(refused);
    return index();
  }
  const bool known = is({"v2"}) || is({"metrics"}) || is({"v2", "health", "live"}) ||
                     is({"v2", "health", "ready"});
  if (!known) return not_found("no such address: " + in_quotes(request.path) + "; see GET /v2");
  if (auto refused = wrong_method(request, "GET")) return *std::move(refused);
  if (is({"metrics"})) return metrics(request);
  if (is({"v2", "health", "live"})) return json_response(Json::object({{"live", true}}));
  if (is({"v2", "health", "ready"})) return ready();
  return json_response(
      Json::object({{"name", "millrace"},
                    {"version", MILLRACE_VERSION},
                    {"extensions", Json::array({"outcomes", "statistics", "model_repository"})}}));
}

Result<HttpResponse> V2::model_call(const HttpRequest& request) const {
  const Segments& path = request.segments;
  const bool versioned = path.size() >= 5 && path[3] == "versions";
  const std::size_t verb_at = versioned ? 5 : 3;
  const std::string_view verb = path.size() > verb_at ? path[verb_at] : std::string_view();
  const bool known = verb.empty() || verb == "ready" || verb == "infer" ||
                     (!versioned && (verb == "stats" || verb == "outcomes"));
  if (!known || path.size() > verb_at + 1)
    return not_found("no such address: " + in_quotes(request.path) +
                     "; a model has /infer, /ready, /stats and /outcomes");
  const bool posts = verb == "infer" || verb == "outcomes";
  if (auto refused = wrong_method(request, posts ? "POST" : "GET")) return *std::move(refused);
  MR_TRY(const Target found, target(path[2], versioned ? path[4] : std::string_view()));
  if (verb == "infer") return infer(found, request);
  if (verb == "outcomes") return outcomes(found, request);
  if (verb == "stats") return stats(found);
  if (verb == "ready") return json_response(Json::object({{"name", path[2]}, {"ready", true}}));
  return metadata(found);
}

Result<V2::Target> V2::target(std::string_view model, std::string_view version) const {
  const auto snapshot = parts_.host.snapshot();
  const auto found = snapshot->routes.find(model);
  if (found == snapshot->routes.end()) {
    if (!snapshot->loaded)
      return unavailable("the server is starting: deployments have not been read yet");
    if (const auto failed = snapshot->failed.find(model); failed != snapshot->failed.end())
      return unavailable("model " + in_quotes(model) + ": " + failed->second);
    std::vector<std::string> names;
    for (const auto& [name, route] : snapshot->routes) names.push_back(name);
    return not_found("no model " + in_quotes(model) + " is deployed" +
                     did_you_mean(model.substr(0, 128), names));
  }
  Target out{.route = found->second, .pinned = nullptr};
  if (version.empty()) return out;
  MR_TRY(const int number, version_number(version));
  out.pinned = out.route->version(number);
  if (out.pinned) return out;
  parts_.host.want_version(model, number);
  if (std::ranges::binary_search(out.route->versions, number))
    return unavailable("version " + std::to_string(number) + " of model " + in_quotes(model) +
                       " is being loaded; ask again in a moment");
  std::string known;
  for (const int each : out.route->versions)
    known += (known.empty() ? "" : ", ") + std::to_string(each);
  return not_found("model " + in_quotes(model) + " has no version " + std::to_string(number) +
                   "; there is: " + known);
}

Result<HttpResponse> V2::metadata(const Target& target) const {
  const auto& route = *target.route;
  const ServedModel& served = target.pinned    ? *target.pinned
                              : route.champion ? *route.champion
                                               : *route.candidate;
  Json versions = Json::array();
  for (const int number : route.versions) versions.push_back(std::to_string(number));
  Json inputs = Json::array();
  const auto& features = served.predictor.feature_names();
  for (const auto& feature : features)
    inputs.push_back(tensor_metadata(feature, "FP64", Json::array({-1})));
  Json outputs = Json::array({tensor_metadata(score_name(served), "FP64", Json::array({-1}))});
  if (is_binary(served)) outputs.push_back(tensor_metadata("label", "INT64", Json::array({-1})));
  return json_response(Json::object(
      {{"name", served.model},
       {"versions", std::move(versions)},
       {"platform", "millrace_" + std::string(served.predictor.algorithm())},
       {"inputs", std::move(inputs)},
       {"outputs", std::move(outputs)},
       {"parameters",
        Json::object(
            {{"version", std::to_string(served.version)},
             {"artifact", served.artifact},
             {"matrix_input", tensor_metadata("input", "FP64", Json::array({-1, features.size()}))},
             {"entity_input", entity_input(features)}})}}));
}

/// The answer, as soon as the prediction log has room for what is predicted.
Result<HttpResponse> V2::when_there_is_room(const HttpRequest& request) const {
  const Error full = unavailable("the prediction log is full; ask again in a moment");
  auto later = std::make_shared<http::Later>();
  later->wake = std::make_shared<http::Wake>();
  later->patience = kRoomPatience;
  if (!parts_.log.await_room(later->wake)) return full;
  // There may have been room since the caller looked.
  if (parts_.log.has_room()) later->wake->notify();
  later->look = [this, request, full,
                 wake = std::weak_ptr(later->wake)](bool over) -> std::optional<HttpResponse> {
    if (parts_.log.has_room()) return handle(request);
    if (over || !parts_.log.await_room(wake)) return error_response(full);
    return std::nullopt;
  };
  HttpResponse response;
  response.later = std::move(later);
  return response;
}

Result<HttpResponse> V2::infer(const Target& target, const HttpRequest& request) const {
  if (!parts_.log.has_room()) return when_there_is_room(request);
  const auto start = parts_.clock.steady();
  const auto& route = *target.route;
  const ServedModel& contract = target.pinned    ? *target.pinned
                                : route.champion ? *route.champion
                                                 : *route.candidate;
  MR_TRY(InferRequest parsed, parse_infer_request(request.body, known_features(route, contract)));
  MR_CHECK(check_outputs(parsed.outputs, contract));
  std::vector<std::string> outputs = parsed.outputs;
  if (outputs.empty()) outputs = output_names(contract);  // V2: all that the metadata lists
  MR_TRY(const Inferred inferred,
         parts_.inference.infer(
             {.route = target.route,
              .pinned = target.pinned,
              .request = std::move(parsed),
              .entity_header = std::string(request.header("X-Entity-Key").substr(0, 1024)),
              .trace_id = request.trace_id,
              .start = start}));
  return HttpResponse{.body = infer_body(inferred, outputs)};
}

Result<HttpResponse> V2::outcomes(const Target& target, const HttpRequest& request) const {
  MR_TRY(const Json body,
         Json::parse(request.body,
                     {.max_bytes = request.body.size(), .max_depth = 8, .unique_names = true}));
  const Json& items = body.is_array() ? body : body["outcomes"];
  if (!items.is_array())
    return invalid_argument("expected a list of {\"id\" or \"entity\", \"outcome\"}");
  const auto& route = *target.route;
  const std::string& model = route.row.model;
  const Time now = parts_.clock.now();
  const bool probability = is_binary(route.champion ? *route.champion : *route.candidate);
  int matched = 0, repeated = 0, unknown = 0;
  Json problems = Json::array();
  for (std::size_t i = 0; i < items.size(); ++i) {
    const auto outcome = outcome_from_json(items.at(i), probability);
    if (!outcome) {
      if (problems.size() < 10)
        problems.push_back(Json::object({{"index", i}, {"error", outcome.error().message}}));
      continue;
    }
    const auto found = outcome->id.empty() ? parts_.outcomes.by_entity(model, outcome->entity)
                                           : parts_.outcomes.by_id(model, outcome->id);
    matched += found.match == OutcomeMatcher::Match::matched;
    repeated += found.match == OutcomeMatcher::Match::repeated;
    unknown += found.match == OutcomeMatcher::Match::unknown;
    if (found.match != OutcomeMatcher::Match::matched) continue;
    const auto& given = found.given;
    parts_.metering.outcome(
        {model, given.served->artifact, std::string(given.role)}, given.served->version,
        score(parts_.business, given.prediction, outcome->value), now, route.row.revision);
  }
  return json_response(Json::object({{"matched", matched},
                                     {"repeated", repeated},
                                     {"unknown", unknown},
                                     {"errors", std::move(problems)}}));
}

HttpResponse V2::stats(const Target& target) const {
  const auto& route = *target.route;
  Json versions = Json::array();
  for (const auto& series : parts_.metering.totals()) {
    if (series.key.model != route.row.model) continue;
    const auto& totals = series.totals;
    const auto mean = [&](double sum, std::int64_t count) {
      return count == 0 ? Json() : Json(sum / static_cast<double>(count));
    };
    versions.push_back(Json::object(
        {{"version", std::to_string(series.version)},
         {"artifact", series.key.artifact},
         {"role", series.key.role},
         {"requests", totals.requests},
         {"errors", totals.errors},
         {"latency_us", Json::object({{"p50", totals.latency.quantile_us(0.5)},
                                      {"p95", totals.latency.quantile_us(0.95)},
                                      {"p99", totals.latency.quantile_us(0.99)},
                                      {"mean", mean(totals.latency.sum_us, totals.requests)}})},
         {"outcomes", totals.outcomes},
         {"business_mean", mean(totals.business_sum, totals.outcomes)}}));
  }
  const auto name = [](const ServedModelPtr& served) {
    return served ? Json::object({{"version", std::to_string(served->version)},
                                  {"artifact", served->artifact}})
                  : Json();
  };
  return json_response(Json::object(
      {{"model", route.row.model},
       {"revision", route.row.revision},
       {"champion", name(route.champion)},
       {"candidate", name(route.candidate)},
       {"weight", route.share * 100},
       {"tripped", route.tripped},
       {"problem", route.problem},
       {"log", log_json(parts_.log.stats())},
       {"breaker", route.breaker ? route.breaker->describe(parts_.clock.steady()) : Json()},
       {"series", std::move(versions)}}));
}

HttpResponse V2::index() const {
  Json out = Json::array();
  const auto snapshot = parts_.host.snapshot();
  for (const auto& [model, route] : snapshot->routes) {
    std::vector<ServedModelPtr> loaded = {route->champion, route->candidate};
    loaded.insert(loaded.end(), route->others.begin(), route->others.end());
    std::vector<int> seen;
    for (const auto& served : loaded) {
      if (!served || std::ranges::find(seen, served->version) != seen.end()) continue;
      seen.push_back(served->version);
      out.push_back(Json::object(
          {{"name", model}, {"version", std::to_string(served->version)}, {"state", "READY"}}));
    }
  }
  for (const auto& [model, reason] : snapshot->failed)
    out.push_back(Json::object({{"name", model}, {"state", "UNAVAILABLE"}, {"reason", reason}}));
  return json_response(out);
}

HttpResponse V2::ready() const {
  const auto snapshot = parts_.host.snapshot();
  // A model that cannot be loaded is not ready itself; the others go on being served.
  Json failed = Json::array();
  for (const auto& [model, reason] : snapshot->failed) failed.push_back(model);
  Json out = Json::object({{"ready", snapshot->loaded}});
  if (failed.size() > 0) out.set("models_not_ready", std::move(failed));
  return json_response(out, snapshot->loaded ? 200 : 503);
}

HttpResponse V2::metrics(const HttpRequest& request) const {
  return http::metrics_response(
      request, metrics_text(*parts_.host.snapshot(), parts_.metering.totals(), parts_.log.stats(),
                            {.load_failures = parts_.host.load_failures(),
                             .refresh_failures = parts_.host.refresh_failures(),
                             .dropped_windows = parts_.metering.dropped_windows()}));
}

}  // namespace millrace::serve
