#include "operators/sensors/sensor_http.h"

#include <algorithm>
#include <charconv>

#include "engine/base/trace_context.h"
#include "engine/core/message_pattern.h"

namespace millrace::operators {
namespace {

constexpr std::size_t kMostJson = 64u << 10;  // of the output `json`

http::ClientRequest request_of(const SensorHttp& op, const AttemptInfo& attempt) {
  http::ClientRequest request;
  request.method = op.method;
  request.url = op.url;
  request.body = op.body;
  request.max_bytes = op.max_bytes;
  request.timeout = op.request_timeout;
  request.allowed_hosts = op.allowed_hosts;
  request.hosts_parameter = "allowed_hosts";
  request.traceparent = CallSpans(attempt.trace_id, attempt.name());
  for (const auto& [header, value] : op.headers.members())
    if (!value.is_null()) request.set_header(header, value.as_view());
  return request;
}

std::string quoted(const Json& value) {
  std::string text = value.dump();
  if (text.size() > 60) text = text.substr(0, 57) + "...";
  return text;
}

/// The first pointer whose value is another one; "" if all are as expected.
std::string mismatch(const Json& expected, const Result<Json>& body) {
  if (expected.size() == 0) return "";
  if (!body) return "the body is not JSON";
  for (const auto& [pointer, value] : expected.members()) {
    const Json* found = find_pointer(*body, pointer);
    if (found == nullptr) return "the body has no " + pointer;
    if (*found != value) return pointer + " is " + quoted(*found) + ", not " + quoted(value);
  }
  return "";
}

bool is_expected(const std::vector<double>& expected, int status) {
  return std::ranges::find(expected, static_cast<double>(status)) != expected.end();
}

/// "~1" is a slash, "~0" a tilde.
std::string unescaped(std::string_view token) {
  std::string out;
  for (std::size_t i = 0; i < token.size(); ++i) {
    const bool escape = token[i] == '~' && i + 1 < token.size();
    if (escape) ++i;
    out += !escape ? token[i] : token[i] == '1' ? '/' : '~';
  }
  return out;
}

/// "0" or a number without a leading zero.
const Json* find_item(const Json& list, std::string_view token) {
  std::size_t index = 0;
  const char* const end = token.data() + token.size();
  const auto read = std::from_chars(token.data(), end, index);
  if (read.ec != std::errc() || read.ptr != end || (token.size() > 1 && token.front() == '0'))
    return nullptr;
  return index < list.items().size() ? &list.items()[index] : nullptr;
}

}  // namespace

const Json* find_pointer(const Json& json, std::string_view pointer) {
  const Json* at = &json;
  while (at != nullptr && !pointer.empty()) {
    if (pointer.front() != '/') return nullptr;
    const std::size_t end = std::min(pointer.find('/', 1), pointer.size());
    const std::string token = unescaped(pointer.substr(1, end - 1));
    at = at->is_array() ? find_item(*at, token) : at->find(token);
    pointer.remove_prefix(end);
  }
  return at;
}

std::optional<TextProblem> check_body_pattern(std::string_view text) {
  if (text.empty()) return std::nullopt;
  const auto pattern = MessagePattern::parse(std::string(text));
  if (!pattern) return TextProblem{pattern.error().message, {}};
  return std::nullopt;
}

std::optional<std::string> check_pointers(const Json& pointers) {
  for (const auto& [pointer, value] : pointers.members())
    if (!pointer.empty() && pointer.front() != '/')
      return "'" + pointer + "' is not a JSON pointer; it starts with '/', as in '/" + pointer +
             "'";
  return std::nullopt;
}

Result<Look> SensorHttp::look(OperatorContext& ctx) const {
  const auto request = request_of(*this, ctx.attempt());
  MR_TRY(const http::ClientResponse response,
         http::send(request, [&ctx] { return ctx.cancelled(); }));
  Look look;
  look.says = "status " + std::to_string(response.status);
  if (!is_expected(status, response.status)) {
    if (const auto delay = http::parse_retry_after(response.header("retry-after"), ctx.now()))
      look.again_in = std::max<Duration>(interval, *delay);
    return look;
  }
  if (!body_matches.empty()) {
    MR_TRY(const MessagePattern pattern, MessagePattern::parse(body_matches));
    if (!pattern.matches(response.body)) {
      look.says += ", but the body does not match '" + body_matches + "'";
      return look;
    }
  }
  const Result<Json> compared = Json::parse(response.body, {.round_integers = true});
  if (const std::string wrong = mismatch(json, compared); !wrong.empty()) {
    look.says += ", but " + wrong;
    return look;
  }
  look.answer = Look::Answer::found;
  Result<Json> body_json = Json::parse(response.body);  // numbers that cannot be kept are an error
  const bool shows_body = body_json && response.body.size() <= kMostJson;
  look.outputs = Json::object({{"status", response.status},
                               {"url", response.url},
                               {"etag", response.header("etag")},
                               {"json", shows_body ? *std::move(body_json) : Json()}});
  return look;
}

Result<Outcome> SensorHttp::run(OperatorContext& ctx) const {
  if (auto problem = check_body_pattern(body_matches))
    return invalid_argument("parameter 'body_matches': " + problem->message);
  if (status.empty())
    return invalid_argument("parameter 'status' is empty; name at least one status code");
  return run_sensor(ctx, *this, "the answer of " + http::shown_url(url),
                    [&](const Json&) { return look(ctx); });
}

}  // namespace millrace::operators
