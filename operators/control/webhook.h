// notify.webhook: tells a chat or any HTTP endpoint.
#pragma once

#include "engine/op/catalog.h"

namespace millrace::operators {

struct NotifyWebhook {
  static constexpr std::string_view name = "notify.webhook";
  static constexpr std::string_view doc =
      "Posts a message to a webhook. The body is Slack's {\"text\": …} unless `body` is given. A "
      "retry carries the same Idempotency-Key. The redirects 307 and 308 are followed with the "
      "body; 301, 302 and 303 would lose it, and fail. The address, which is often a secret, is "
      "never logged.";
  static constexpr int version = 1;

  std::string url, url_env, text;
  Json body, headers = Json::object();
  Duration timeout{};

  static auto params() {
    using N = NotifyWebhook;
    return std::tuple{
        param("url", &N::url, "Where to post (http or https)").def(""),
        param("url_env", &N::url_env, "Environment variable that holds the address, instead of url")
            .def("")
            .example("SLACK_WEBHOOK_URL"),
        param("text", &N::text, "The message")
            .def("")
            .example("A new champion: ${{ tasks.evaluate.outputs.challenger }}"),
        param("body", &N::body, "The whole JSON body, instead of text").optional(),
        param("headers", &N::headers, "Headers to add").def(Json::object()).texts(),
        param("timeout", &N::timeout, "Of one try").def("15s")};
  }
  static std::vector<ParamRule> rules() {
    return {exactly_one_of({"url", "url_env"}), exactly_one_of({"text", "body"})};
  }
  static std::vector<std::pair<std::string, std::string>> outputs() {
    return {{"status", "HTTP status of the answer"}};
  }
  Result<Outcome> run(OperatorContext& ctx) const;

 private:
  Result<std::string> address() const;
};

}  // namespace millrace::operators
