#include "engine/api/incoming_webhook.h"

#include <algorithm>
#include <charconv>
#include <optional>

#include "engine/base/base64.h"
#include "engine/base/fields.h"
#include "engine/base/hmac.h"
#include "engine/base/utf8.h"
#include "engine/http/target.h"

namespace millrace::api {
namespace {

constexpr std::string_view kGithubSignature = "x-hub-signature-256";
constexpr std::string_view kStripeSignature = "stripe-signature";
constexpr std::string_view kSlackSignature = "x-slack-signature";
constexpr std::string_view kSlackTime = "x-slack-request-timestamp";
constexpr std::string_view kStandardSignature = "webhook-signature";
constexpr std::size_t kMostIdBytes = 200;
constexpr Duration kTolerance = std::chrono::minutes{5};

char ascii_lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

Error denied(const std::string& why) { return make_error(ErrorCode::permission_denied, why); }

Result<std::string_view> header_of(const HttpRequest& request, std::string_view name) {
  const auto value = request.header(name);
  if (value.empty()) return denied("the header '" + std::string(name) + "' is missing");
  return value;
}

Status check_time(std::string_view seconds, Time now) {
  std::int64_t sent = 0;
  const auto [end, error] = std::from_chars(seconds.data(), seconds.data() + seconds.size(), sent);
  constexpr std::int64_t kMost = 1'000'000'000'000;
  if (error != std::errc() || end != seconds.data() + seconds.size() || sent < 0 || sent > kMost)
    return denied("the time of the signature is not a number of seconds since 1970");
  const Duration age = now - from_micros(sent * 1'000'000);
  if (age > kTolerance || age < -kTolerance)
    return denied("the time of the signature is more than 5 minutes from that of the engine");
  return {};
}

/// True if one of the items between `separator` is `prefix` and then `expected`. Looks at all.
bool one_is(std::string_view items, char separator, std::string_view prefix,
            std::string_view expected) {
  bool found = false;
  while (!items.empty()) {
    auto item = items.substr(0, items.find(separator));
    items.remove_prefix(std::min(items.size(), item.size() + 1));
    while (item.starts_with(' ')) item.remove_prefix(1);
    if (item.starts_with(prefix))
      found |= equal_in_constant_time(item.substr(prefix.size()), expected);
  }
  return found;
}

Status fits(bool signature) {
  if (signature) return {};
  return denied("the signature does not fit the body and the secret");
}

Status check_token(const Webhook& webhook, std::string_view secret, const HttpRequest& request) {
  constexpr std::string_view kBearer = "Bearer ";
  MR_TRY(auto token, header_of(request, webhook.header.empty() ? "authorization" : webhook.header));
  if (webhook.header.empty()) {
    if (token.size() < kBearer.size() ||
        !std::ranges::equal(token.substr(0, kBearer.size()), kBearer, {}, ascii_lower, ascii_lower))
      return denied("the header 'authorization' does not begin with 'Bearer '");
    token.remove_prefix(kBearer.size());
  }
  if (equal_in_constant_time(token, secret)) return {};
  return denied("the token is not the secret");
}

Status check_github(std::string_view secret, const HttpRequest& request) {
  MR_TRY(const auto header, header_of(request, kGithubSignature));
  return fits(one_is(header, ',', "sha256=", hex_encode(hmac_sha256(secret, request.body))));
}

Status check_stripe(std::string_view secret, const HttpRequest& request, Time now) {
  MR_TRY(const auto header, header_of(request, kStripeSignature));
  const auto at = header.find("t=");
  const bool has_time = at == 0 || (at != std::string_view::npos && header[at - 1] == ',');
  if (!has_time) return denied("the header 'stripe-signature' has no time 't='");
  const auto time = header.substr(at + 2, header.find(',', at) - at - 2);
  MR_CHECK(check_time(time, now));
  const std::string content = std::string(time) + "." + request.body;
  return fits(one_is(header, ',', "v1=", hex_encode(hmac_sha256(secret, content))));
}

Status check_slack(std::string_view secret, const HttpRequest& request, Time now) {
  MR_TRY(const auto header, header_of(request, kSlackSignature));
  MR_TRY(const auto time, header_of(request, kSlackTime));
  MR_CHECK(check_time(time, now));
  const std::string content = "v0:" + std::string(time) + ":" + request.body;
  return fits(one_is(header, ',', "v0=", hex_encode(hmac_sha256(secret, content))));
}

Status check_standard(std::string_view secret, const HttpRequest& request, Time now) {
  constexpr std::string_view kPrefix = "whsec_";
  if (secret.starts_with(kPrefix)) secret.remove_prefix(kPrefix.size());
  const auto key = base64_decode(secret);
  if (!key || key->empty())
    return unavailable("the secret of the webhook is not base 64, as Standard Webhooks has it");
  MR_TRY(const auto header, header_of(request, kStandardSignature));
  MR_TRY(const auto id, header_of(request, "webhook-id"));
  MR_TRY(const auto time, header_of(request, "webhook-timestamp"));
  MR_CHECK(check_time(time, now));
  const std::string content = std::string(id) + "." + std::string(time) + "." + request.body;
  return fits(one_is(header, ' ', "v1,", base64_encode(hmac_sha256(*key, content))));
}

std::string form_text(std::string_view text) {
  std::string spaced(text);
  for (char& c : spaced)
    if (c == '+') c = ' ';
  return http::percent_decode(spaced);
}

Result<Json> parse_json(std::string_view text) {
  auto json =
      Json::parse(text, {.max_bytes = text.size() + 1, .max_depth = 100, .unique_names = true});
  if (!json) return invalid_argument("the body is not JSON: " + json.error().to_string());
  return json;
}

/// `payload`, as GitHub and Slack send their JSON in a form, is read as JSON.
Result<Json> read_form(std::string_view body) {
  Json out = Json::object();
  while (!body.empty()) {
    const auto pair = body.substr(0, body.find('&'));
    body.remove_prefix(std::min(body.size(), pair.size() + 1));
    if (pair.empty()) continue;
    const auto equals = std::min(pair.find('='), pair.size());
    const std::string name = form_text(pair.substr(0, equals));
    std::string value = form_text(pair.substr(std::min(pair.size(), equals + 1)));
    if (!is_utf8(name) || !is_utf8(value))
      return invalid_argument("the form is not UTF-8 once it is percent-decoded");
    out.set(name, std::move(value));
  }
  if (out.size() == 1 && out.contains("payload")) return parse_json(out["payload"].as_view());
  return out;
}

Result<Json> read_data(const HttpRequest& request) {
  const std::string type = media_type(request.header("content-type"));
  if (type == "application/x-www-form-urlencoded") return read_form(request.body);
  if (type.ends_with("/json") || type.ends_with("+json")) return parse_json(request.body);
  if (request.body.empty()) return Json();
  if (!is_utf8(request.body) || request.body.find('\0') != std::string::npos)
    return invalid_argument("the body is neither JSON, a form nor text in UTF-8");
  return Json(request.body);
}

}  // namespace

Webhook Webhook::from_json(const Json& on_webhook) {
  return {from_name<WebhookSignature>(on_webhook["signature"].as_view())
              .value_or(WebhookSignature::token),
          on_webhook["secret_env"].as_string(), on_webhook["header"].as_string()};
}

Status check_webhook(const Webhook& webhook, std::string_view secret, const HttpRequest& request,
                     Time now) {
  switch (webhook.signature) {
    case WebhookSignature::token:
      return check_token(webhook, secret, request);
    case WebhookSignature::github:
      return check_github(secret, request);
    case WebhookSignature::stripe:
      return check_stripe(secret, request, now);
    case WebhookSignature::slack:
      return check_slack(secret, request, now);
    case WebhookSignature::standard:
      return check_standard(secret, request, now);
  }
  return denied("the signature is of an unknown scheme");
}

Result<WebhookDelivery> read_webhook(const Webhook& webhook, const HttpRequest& request) {
  WebhookDelivery out;
  MR_TRY(out.data, read_data(request));
  switch (webhook.signature) {
    case WebhookSignature::token:
      out.id = request.header("idempotency-key");
      break;
    case WebhookSignature::github:
      out.id = request.header("x-github-delivery");
      out.subject = request.header("x-github-event");
      break;
    case WebhookSignature::stripe:
      out.id = out.data["id"].as_string();
      out.subject = out.data["type"].as_string();
      break;
    case WebhookSignature::slack:
      out.id = out.data["event_id"].as_string();
      out.subject = out.data["event"]["type"].as_string();
      break;
    case WebhookSignature::standard:
      out.id = request.header("webhook-id");
      out.subject = out.data["type"].as_string();
      break;
  }
  if (out.id.size() > kMostIdBytes || !is_utf8(out.id) || !is_utf8(out.subject))
    return invalid_argument("the id of the delivery is longer than 200 bytes, or is not UTF-8");
  return out;
}

}  // namespace millrace::api
