#include "operators/control/webhook.h"

#include <cstdlib>

#include "engine/base/trace_context.h"
#include "engine/http/client.h"

namespace millrace::operators {
Result<std::string> NotifyWebhook::address() const {
  if (url_env.empty()) return url;
  const char* value = std::getenv(url_env.c_str());
  if (value == nullptr || *value == '\0')
    return invalid_argument("the environment variable '" + url_env + "' is not set");
  return std::string(value);
}

Result<Outcome> NotifyWebhook::run(OperatorContext& ctx) const {
  MR_TRY(const std::string target, address());
  http::ClientRequest request;
  request.method = "POST";
  request.url = target;
  request.secret_url = true;
  request.timeout = timeout;
  request.max_bytes = 1 << 20;
  request.body = (body.is_null() ? Json::object({{"text", text}}) : body).dump();
  request.headers = {{"Content-Type", "application/json"},
                     {"Idempotency-Key", ctx.attempt().idempotency_key()}};
  for (const auto& [name_of_header, value] : headers.members())
    if (!value.is_null()) request.set_header(name_of_header, value.as_view());
  request.traceparent = CallSpans(ctx.attempt().trace_id, ctx.attempt().name());

  const auto cancelled = [&] { return ctx.cancelled(); };
  const http::RetryWorld world{
      [&] { return ctx.now(); },
      [&](Duration pause) { return http::wait_unless_cancelled(pause, cancelled); },
      [&](std::string_view line) { ctx.log(line); }, cancelled};
  MR_TRY(const auto response, http::send_with_retry(request, {}, world));
  ctx.log("posted to " + response.url + ": status " + std::to_string(response.status));
  return Outcome{Done{Json::object({{"status", response.status}}), {}}};
}

}  // namespace millrace::operators
