#include "engine/api/cloud_event.h"

#include <algorithm>

#include "engine/base/digest.h"
#include "engine/base/time.h"

namespace millrace::api {
namespace {

constexpr std::size_t kMaxAttributeBytes = 1024;

Result<Json> parse_body(const HttpRequest& request) {
  auto json = Json::parse(request.body, {.max_bytes = request.body.size() + 1, .max_depth = 100});
  if (!json) return invalid_argument("the body is not JSON: " + json.error().to_string());
  return json;
}

Result<CloudEvent> read_structured(const Json& json) {
  if (!json.is_object()) return invalid_argument("a CloudEvent is a JSON object");
  if (json["specversion"].as_view() != "1.0")
    return invalid_argument("specversion is " + json["specversion"].dump().substr(0, 40) +
                            "; 1.0 is understood");
  for (const char* name : {"id", "source", "type"}) {
    const auto value = json[name].as_view();
    if (value.empty()) return invalid_argument("the CloudEvent lacks '" + std::string(name) + "'");
    if (value.size() > kMaxAttributeBytes)
      return invalid_argument("'" + std::string(name) + "' has more than 1024 bytes");
  }
  if (const Json* time = json.find("time"); time && !parse_rfc3339(time->as_view()))
    return invalid_argument("'time' is no RFC 3339 time");
  return CloudEvent{json["id"].as_string(), json["source"].as_string(), json["type"].as_string(),
                    json};
}

/// Attributes are the ce- headers, the body is the data.
Result<CloudEvent> read_binary(const HttpRequest& request) {
  Json json = Json::object();
  for (const auto& [name, value] : request.headers)
    if (name.starts_with("ce-")) json.set(name.substr(3), percent_decode(value));
  const auto type = request.header("content-type");
  if (!type.empty()) json.set("datacontenttype", type);
  if (!request.body.empty()) {
    if (type.find("json") != std::string_view::npos) {
      MR_TRY(Json data, parse_body(request));
      json.set("data", std::move(data));
    } else {
      json.set("data", request.body);
    }
  }
  return read_structured(json);
}

}  // namespace

Result<std::vector<CloudEvent>> read_cloud_events(const HttpRequest& request) {
  std::vector<CloudEvent> events;
  const auto type = request.header("content-type");
  if (type.starts_with("application/cloudevents-batch+json")) {
    MR_TRY(const Json batch, parse_body(request));
    if (!batch.is_array()) return invalid_argument("a batch is a JSON array of CloudEvents");
    if (batch.size() > kMaxEventsInBatch)
      return invalid_argument("the batch holds " + std::to_string(batch.size()) +
                              " events; at most 1000 are taken");
    for (std::size_t i = 0; i < batch.size(); ++i) {
      auto event = read_structured(batch.at(i));
      if (!event)
        return invalid_argument("event " + std::to_string(i) + ": " + event.error().message);
      events.push_back(*std::move(event));
    }
    return events;
  }
  if (!request.header("ce-specversion").empty()) {
    MR_TRY(auto event, read_binary(request));
    events.push_back(std::move(event));
    return events;
  }
  MR_TRY(const Json body, parse_body(request));
  MR_TRY(auto event, read_structured(body));
  events.push_back(std::move(event));
  return events;
}

std::string idempotency_key_of(const CloudEvent& event) {
  const std::string key = std::to_string(event.source.size()) + ":" + event.source + event.id;
  return "cloudevent:" + (key.size() <= 200 ? key : sha256_hex(key));
}

}  // namespace millrace::api
