#include "engine/api/cloud_event.h"

#include <algorithm>
#include <limits>

#include "engine/base/base64.h"
#include "engine/base/digest.h"
#include "engine/base/time.h"
#include "engine/base/utf8.h"

namespace millrace::api {
namespace {

constexpr std::size_t kMaxAttributeBytes = 1024;

Error bad_attribute(std::string_view name, const std::string& why) {
  return invalid_argument("the CloudEvent's '" + std::string(name.substr(0, 64)) + "' " + why);
}

Result<Json> parse_body(const HttpRequest& request) {
  auto json = Json::parse(
      request.body, {.max_bytes = request.body.size() + 1, .max_depth = 100, .unique_names = true});
  if (!json) return invalid_argument("the body is not JSON: " + json.error().to_string());
  return json;
}

/// U+0000 to U+001F and U+007F to U+009F, which no attribute may hold.
bool has_control(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto byte = static_cast<unsigned char>(text[i]);
    if (byte < 0x20 || byte == 0x7f) return true;
    if (byte == 0xc2 && i + 1 < text.size() && static_cast<unsigned char>(text[i + 1]) < 0xa0)
      return true;
  }
  return false;
}

/// Attributes are texts, booleans and integers of 32 bits (CloudEvents 1.0.2, "Type System").
Status check_attribute(std::string_view name, const Json& value) {
  const bool named = !name.empty() && std::ranges::all_of(name, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
  });
  if (!named) return bad_attribute(name, "has a name of other than lower-case letters and digits");
  if (value.is_bool()) return {};
  if (value.is_integer()) {
    using Limits = std::numeric_limits<std::int32_t>;
    if (value.as_int() >= Limits::min() && value.as_int() <= Limits::max()) return {};
    return bad_attribute(name, "does not fit 32 bits; send it as a text");
  }
  if (!value.is_string())
    return bad_attribute(name, "is " + std::string(type_name(value.type())) +
                                   "; expected a text, a boolean or an integer");
  if (has_control(value.as_view())) return bad_attribute(name, "holds a control character");
  return {};
}

Status check_known(const Json& event) {
  if (event["specversion"].as_view() != "1.0")
    return invalid_argument("specversion is " + event["specversion"].dump().substr(0, 40) +
                            "; 1.0 is understood");
  for (const char* name : {"id", "source", "type"}) {
    const auto value = event[name].as_view();
    if (value.empty()) return invalid_argument("the CloudEvent lacks '" + std::string(name) + "'");
    if (value.size() > kMaxAttributeBytes)
      return invalid_argument("'" + std::string(name) + "' has more than 1024 bytes");
  }
  for (const char* name : {"subject", "datacontenttype", "dataschema"})
    if (const Json* value = event.find(name); value != nullptr && value->as_view().empty())
      return bad_attribute(name, "must be a text that is not empty");
  if (const Json* type = event.find("datacontenttype");
      type != nullptr && type->as_view().find('/') == std::string_view::npos)
    return bad_attribute("datacontenttype", "is no media type such as application/json");
  if (const Json* time = event.find("time"); time != nullptr && !parse_date_time(time->as_view()))
    return invalid_argument("'time' is no RFC 3339 time");
  return {};
}

Status check_data(const Json& event) {
  const Json* bytes = event.find("data_base64");
  if (bytes == nullptr) return {};
  if (event.contains("data"))
    return invalid_argument("the CloudEvent has both 'data' and 'data_base64'");
  if (!bytes->is_string() || !is_base64(bytes->as_view()))
    return bad_attribute("data_base64", "is not base 64");
  return {};
}

Result<CloudEvent> read_structured(Json event) {
  if (!event.is_object()) return invalid_argument("a CloudEvent is a JSON object");
  // An attribute that is null is one that is not given; `data` may be null.
  std::erase_if(event.mutable_members(), [](const Json::Member& member) {
    return member.second.is_null() && member.first != "data";
  });
  for (const auto& [name, value] : event.members())
    if (name != "data" && name != "data_base64") MR_CHECK(check_attribute(name, value));
  MR_CHECK(check_known(event));
  MR_CHECK(check_data(event));
  return CloudEvent{event["id"].as_string(), event["source"].as_string(), event["type"].as_string(),
                    std::move(event)};
}

/// A quoted string of RFC 7230, section 3.2.6, without its quotes; other text as it is.
std::string without_quotes(std::string_view value) {
  if (value.size() < 2 || !value.starts_with('"') || !value.ends_with('"'))
    return std::string(value);
  value = value.substr(1, value.size() - 2);
  std::string out;
  for (std::size_t i = 0; i < value.size(); ++i) {
    if (value[i] == '\\' && i + 1 < value.size()) ++i;
    out += value[i];
  }
  return out;
}

/// HTTP binding 1.0.2, section 3.1.3.2: quotes first, then one round of percent-decoding.
Result<std::string> attribute_of(std::string_view name, std::string_view value) {
  const auto is_ascii = [](char c) { return static_cast<unsigned char>(c) < 0x80; };
  if (!std::ranges::all_of(value, is_ascii))
    return invalid_argument("the header 'ce-" + std::string(name.substr(0, 64)) +
                            "' holds bytes that are not ASCII; percent-encode them");
  std::string text = percent_decode(without_quotes(value));
  if (!is_utf8(text))
    return invalid_argument("the header 'ce-" + std::string(name.substr(0, 64)) +
                            "' is not UTF-8 once it is percent-decoded");
  return text;
}

bool is_json_type(std::string_view type) {
  return type.ends_with("/json") || type.ends_with("+json");
}

/// Types that are bytes by definition, whatever the bytes happen to be.
bool is_binary_type(std::string_view type) {
  return type == "application/octet-stream" || type.starts_with("image/") ||
         type.starts_with("audio/") || type.starts_with("video/");
}

/// The body as `data`, or as `data_base64` where JSON text cannot hold it.
Status set_data(Json& event, const HttpRequest& request) {
  if (request.body.empty()) return {};
  const std::string type = media_type(request.header("content-type"));
  if (is_json_type(type)) {
    MR_TRY(Json data, parse_body(request));
    event.set("data", std::move(data));
  } else if (is_binary_type(type) || !is_utf8(request.body) ||
             request.body.find('\0') != std::string::npos) {
    event.set("data_base64", base64_encode(request.body));
  } else {
    event.set("data", request.body);
  }
  return {};
}

/// Attributes are the ce- headers, the body is the data.
Result<CloudEvent> read_binary(const HttpRequest& request) {
  Json event = Json::object();
  for (const auto& [header, value] : request.headers) {
    if (!header.starts_with("ce-")) continue;
    const std::string name = header.substr(3);
    if (name == "data" || name == "datacontenttype" || name.empty())
      return invalid_argument("there is no header '" + header.substr(0, 64) +
                              "': the body is the data, Content-Type its type");
    if (event.contains(name))
      return invalid_argument("the header '" + header.substr(0, 64) + "' is given twice");
    MR_TRY(std::string text, attribute_of(name, value));
    event.set(name, std::move(text));
  }
  if (const auto type = request.header("content-type"); !type.empty())
    event.set("datacontenttype", type);
  MR_CHECK(set_data(event, request));
  return read_structured(std::move(event));
}

Result<std::vector<CloudEvent>> read_batch(const HttpRequest& request) {
  MR_TRY(Json batch, parse_body(request));
  if (!batch.is_array()) return invalid_argument("a batch is a JSON array of CloudEvents");
  if (batch.size() > kMaxEventsInBatch)
    return invalid_argument("the batch holds " + std::to_string(batch.size()) +
                            " events; at most 1000 are taken");
  std::vector<CloudEvent> events;
  for (std::size_t i = 0; i < batch.size(); ++i) {
    auto event = read_structured(std::move(batch.mutable_items()[i]));
    if (!event)
      return invalid_argument("event " + std::to_string(i) + ": " + event.error().message);
    events.push_back(*std::move(event));
  }
  return events;
}

}  // namespace

Result<std::vector<CloudEvent>> read_cloud_events(const HttpRequest& request) {
  const std::string type = media_type(request.header("content-type"));
  if (type == "application/cloudevents-batch+json") return read_batch(request);
  const bool structured = type.starts_with("application/cloudevents");
  if (structured && type != "application/cloudevents+json")
    return invalid_argument("CloudEvents are read in the JSON format, not as '" + type + "'");
  std::vector<CloudEvent> events;
  if (!structured && !request.header("ce-specversion").empty()) {
    MR_TRY(auto event, read_binary(request));
    events.push_back(std::move(event));
    return events;
  }
  MR_TRY(Json body, parse_body(request));
  MR_TRY(auto event, read_structured(std::move(body)));
  events.push_back(std::move(event));
  return events;
}

HttpResponse answer_webhook_handshake(const HttpRequest& request) {
  HttpResponse response;
  response.headers.emplace_back("Allow", "POST");
  const auto origin = request.header("webhook-request-origin");
  const bool printable = std::ranges::all_of(origin, [](char c) { return c > 0x20 && c < 0x7f; });
  if (origin.empty() || !printable) return response;  // no handshake: nothing is granted
  response.headers.emplace_back("WebHook-Allowed-Origin", origin);
  response.headers.emplace_back("WebHook-Allowed-Rate", "*");
  return response;
}

std::string idempotency_key_of(const CloudEvent& event) {
  const std::string key = std::to_string(event.source.size()) + ":" + event.source + event.id;
  return "cloudevent:" + (key.size() <= 200 ? key : sha256_hex(key));
}

}  // namespace millrace::api
