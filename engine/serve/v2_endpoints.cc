// The operations of the model server, as values.
#include "engine/serve/v2.h"
#include "engine/serve/v2_calls.h"
#include "engine/serve/v2_records.h"

namespace millrace::serve {
namespace {

using http::Endpoint;
using Handler = Result<http::Reply> (V2Calls::*)(const http::Call&) const;

std::function<Result<http::Reply>(const http::Call&)> bind(const V2Calls* calls, Handler handler) {
  return [calls, handler](const http::Call& call) { return (calls->*handler)(call); };
}

template <typename T>
std::function<Result<http::Reply>(const http::Call&)> always(const T& value) {
  std::string text;
  append_record(text, value);
  return [text](const http::Call&) {
    http::Reply reply;
    reply.json = text;
    return Result<http::Reply>(std::move(reply));
  };
}

FieldInfo model_in_path() { return {"model", string_type(TypeInfo::kNoLimit), "The model's name"}; }
FieldInfo version_in_path() {
  return {"version", integer_type(1, 2'147'483'647), "Number of the version"};
}

std::vector<FieldInfo> infer_body_fields() {
  return {
      FieldInfo{"id", string_type(1024), "Id of the request; default: one is made"}.optional(),
      FieldInfo{"parameters", object_type(), "{entity}: whom the request is about"}.optional(),
      {"inputs", list_type(object_type()),
       "Tensors {name, shape, datatype, data}: one for each feature, or all in one named `input`"},
      FieldInfo{"outputs", list_type(object_type()), "[{name}]; default: all"}.optional()};
}

/// The answer's fields are written by hand (infer_answer.cc), for speed.
TypeInfo infer_answer_type() {
  static const auto info = std::make_shared<const RecordInfo>(
      RecordInfo{"InferAnswer",
                 "Predictions of one version.",
                 {{"model_name", string_type(), "The model"},
                  {"model_version", string_type(), "The version that answered"},
                  {"id", string_type(), "Id of the request"},
                  {"parameters", object_type(),
                   "{role, artifact, latency_us}; fell_back if the champion "
                   "answered in place of a candidate that failed"},
                  {"outputs", list_type(object_type()), "Tensors {name, datatype, shape, data}"}}});
  TypeInfo type;
  type.kind = TypeInfo::Kind::record;
  type.record = info;
  return type;
}

/// With and without a version in the path.
std::vector<Endpoint> twice(Endpoint endpoint, const std::string& rest) {
  Endpoint pinned = endpoint;
  endpoint.pattern = "/v2/models/{model}" + rest;
  endpoint.path = {model_in_path()};
  pinned.pattern = "/v2/models/{model}/versions/{version}" + rest;
  pinned.path = {model_in_path(), version_in_path()};
  pinned.id += "OfVersion";
  pinned.summary += " (one version)";
  return {std::move(endpoint), std::move(pinned)};
}

std::vector<Endpoint> infer_endpoints(const V2Calls* calls) {
  return twice(
      {.method = "POST",
       .id = "infer",
       .tag = "inference",
       .summary = "Predict",
       .doc = "Without a version the split decides, by the entity: `parameters.entity`, an "
              "input `entity`, the header `X-Entity-Key`, or the request's id. Requests to "
              "one version count in no canary.",
       .headers = {FieldInfo{"X-Entity-Key", string_type(1024), "The entity"}.optional()},
       .body_kind = Endpoint::Body::raw,
       .body = infer_body_fields(),
       .body_types = {"application/json"},
       .response = infer_answer_type(),
       .direct = [calls](const HttpRequest& request) { return calls->infer(request); }},
      "/infer");
}

std::vector<Endpoint> model_endpoints(const V2Calls* calls) {
  std::vector<Endpoint> all = twice({.method = "GET",
                                     .id = "modelMetadata",
                                     .tag = "models",
                                     .summary = "Inputs, outputs and versions of a model",
                                     .response = type_info<ModelMetadata>(),
                                     .handle = bind(calls, &V2Calls::metadata)},
                                    "");
  for (auto& endpoint : twice({.method = "GET",
                        .id = "modelReady",
                        .tag = "models",
                        .summary = "Report whether the model is loaded",
                        .response = type_info<ModelReady>(),
                        .handle = bind(calls, &V2Calls::model_ready)},
                              "/ready"))
    all.push_back(std::move(endpoint));
  all.push_back(
      {.method = "POST",
       .pattern = "/v2/models/{model}/outcomes",
       .id = "outcomes",
       .tag = "models",
       .summary = "Report the outcomes of earlier predictions",
       .doc =
           "A list of `{id | entity, outcome}`, or `{outcomes: [...]}`. Each is scored once, for "
           "the version that answered that id, or that entity last. Row i of a request with "
           "several rows has the id `id/i`.",
       .path = {model_in_path()},
       .body_kind = Endpoint::Body::raw,
       .body_types = {"application/json"},
       .response = type_info<OutcomesResult>(),
       .handle = bind(calls, &V2Calls::outcomes)});
  all.push_back({.method = "GET",
                 .pattern = "/v2/models/{model}/stats",
                 .id = "modelStats",
                 .tag = "models",
                 .summary = "Split, breaker and totals of each version",
                 .path = {model_in_path()},
                 .response = type_info<ModelStats>(),
                 .handle = bind(calls, &V2Calls::stats)});
  for (const char* method : {"GET", "POST"})
    all.push_back({.method = method,
                   .pattern = "/v2/repository/index",
                   .id = std::string(method) == "GET" ? "index" : "postIndex",
                   .tag = "models",
                   .summary = "What is loaded",
                   .body_kind = Endpoint::Body::raw,
                   .response = list_type(type_info<IndexEntry>()),
                   .handle = bind(calls, &V2Calls::index)});
  return all;
}

std::vector<Endpoint> server_endpoints(const V2Calls* calls) {
  return {{.method = "GET",
           .pattern = "/v2",
           .id = "serverMetadata",
           .tag = "server",
           .summary = "Name, version and extensions of the server",
           .response = type_info<ServerMetadata>(),
           .handle = always(ServerMetadata{
               "millrace", MILLRACE_VERSION, {"outcomes", "statistics", "model_repository"}})},
          {.method = "GET",
           .pattern = "/v2/health/live",
           .id = "serverLive",
           .tag = "server",
           .summary = "Is the process alive?",
           .response = type_info<ServerLive>(),
           .handle = always(ServerLive{})},
          {.method = "GET",
           .pattern = "/v2/health/ready",
           .id = "serverReady",
           .tag = "server",
           .summary = "Have the deployments been read?",
           .also = {503},
           .response = type_info<ServerReady>(),
           .handle = bind(calls, &V2Calls::ready)},
          {.method = "GET",
           .pattern = "/v2/openapi.json",
           .id = "openapi",
           .tag = "server",
           .summary = "This interface as OpenAPI 3.1",
           .response = object_type(),
           .handle =
               [](const http::Call&) {
                 http::Reply reply;
                 serving_openapi().dump_to(reply.json);
                 return Result<http::Reply>(std::move(reply));
               }},
          {.method = "GET",
           .pattern = "/metrics",
           .id = "metrics",
           .tag = "server",
           .summary = "Measurements for Prometheus",
           .response_type = "text/plain",
           .handle = bind(calls, &V2Calls::metrics)}};
}

}  // namespace

std::vector<Endpoint> v2_endpoints(const V2Calls* calls) {
  std::vector<Endpoint> all = infer_endpoints(calls);
  for (auto* part : {&model_endpoints, &server_endpoints})
    for (auto& endpoint : (*part)(calls)) all.push_back(std::move(endpoint));
  return all;
}

}  // namespace millrace::serve
