// Webhooks: what another service sends when something happens there, proved with a shared secret.
// Pure.
#pragma once

#include <string>
#include <string_view>

#include "engine/api/http.h"
#include "engine/base/json.h"
#include "engine/base/result.h"
#include "engine/base/time.h"
#include "engine/core/webhook_signature.h"

namespace millrace::api {

/// Before the DAG's name.
inline constexpr std::string_view kWebhooksPath = "/api/v1/webhooks/";

/// `on: webhook` of a DAG.
struct Webhook {
  WebhookSignature signature = WebhookSignature::token;
  std::string secret_env;
  std::string header;  // with the token; "": Authorization, after "Bearer "

  static Webhook from_json(const Json& on_webhook);
};

/// Checks the proof over the bytes of the body as they were sent. A signature that holds a time is
/// accepted for five minutes before and after it. permission_denied names what is
/// missing or does not fit; it never holds what was expected. REQUIRES: `secret` is not empty.
///
/// Sources: "Validating webhook deliveries" of GitHub's docs; "Verify webhook signatures manually"
/// of Stripe's; "Verifying requests from Slack" of Slack's; the specification of Standard Webhooks.
Status check_webhook(const Webhook& webhook, std::string_view secret, const HttpRequest& request,
                     Time now);

struct WebhookDelivery {
  std::string id;       // by which a repetition is known; "": the sender gives none
  std::string subject;  // kind of what happened, if a header says it
  Json data;            // of a body of JSON or of a form; otherwise a text
};
/// REQUIRES: checked. An error for a body that is not what its content type says.
Result<WebhookDelivery> read_webhook(const Webhook& webhook, const HttpRequest& request);

}  // namespace millrace::api
