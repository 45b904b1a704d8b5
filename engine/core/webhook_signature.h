// What the webhook of a DAG says of itself.
#pragma once

#include <array>
#include <string_view>

namespace millrace {

/// How the sender of a webhook proves that it knows the secret.
enum class WebhookSignature {
  token,     // the secret itself, in a header
  github,    // X-Hub-Signature-256
  stripe,    // Stripe-Signature
  slack,     // X-Slack-Signature
  standard,  // webhook-signature of standardwebhooks.com
};
constexpr std::array<std::string_view, 5> names_of(WebhookSignature) {
  return {"token", "github", "stripe", "slack", "standard"};
}

}  // namespace millrace
