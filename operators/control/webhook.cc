#include "operators/control/webhook.h"

#include <cstdlib>

#include "engine/base/trace_context.h"
#include "operators/data/http_client.h"

namespace millrace::operators {
namespace {

/// What may be shown of an address: no path, no query, no user.
std::string host_of(const std::string& url) {
  const std::size_t start = url.find("://") == std::string::npos ? 0 : url.find("://") + 3;
  std::string host = url.substr(start, url.find_first_of("/?#", start) - start);
  if (const std::size_t at = host.rfind('@'); at != std::string::npos) host.erase(0, at + 1);
  return host;
}

std::string without_secret(std::string text, const std::string& url) {
  for (std::size_t at = 0; (at = text.find(url, at)) != std::string::npos;)
    text.replace(at, url.size(), host_of(url));
  return text;
}

}  // namespace

Result<std::string> NotifyWebhook::address() const {
  if (url_env.empty()) return url;
  const char* value = std::getenv(url_env.c_str());
  if (value == nullptr || *value == '\0')
    return invalid_argument("the environment variable '" + url_env + "' is not set");
  return std::string(value);
}

Result<Outcome> NotifyWebhook::run(OperatorContext& ctx) const {
  MR_TRY(const std::string target, address());
  HttpRequest request;
  request.method = "POST";
  request.url = target;
  request.timeout = timeout;
  request.max_bytes = 1 << 20;
  request.body = (body.is_null() ? Json::object({{"text", text}}) : body).dump();
  request.headers = {{"Content-Type", "application/json"},
                     {"Idempotency-Key", ctx.attempt().idempotency_key()}};
  for (const auto& [name_of_header, value] : headers.members())
    if (!value.is_null()) request.set_header(name_of_header, value.as_view());
  request.traceparent = CallSpans(ctx.attempt().trace_id, ctx.attempt().name());

  const auto cancelled = [&] { return ctx.cancelled(); };
  const RetryWorld world{
      [&] { return ctx.now(); },
      [&](Duration pause) { return wait_unless_cancelled(pause, cancelled); },
      [&](std::string_view line) { ctx.log(without_secret(std::string(line), target)); },
      cancelled};
  auto response = http_send_with_retry(request, {}, world);
  if (!response) {
    Error error = std::move(response).error();
    error.message = without_secret(std::move(error.message), target);
    error.where = without_secret(std::move(error.where), target);
    return error;
  }
  ctx.log("posted to " + host_of(target) + ": status " + std::to_string(response->status));
  return Outcome{Done{Json::object({{"status", response->status}}), {}}};
}

}  // namespace millrace::operators
