// /api/v1/webhooks: requests that another service signs start runs.
#include <cstdlib>

#include "engine/api/context.h"
#include "engine/api/incoming_webhook.h"
#include "engine/api/views_model.h"
#include "engine/base/digest.h"

namespace millrace::api {
namespace {

Result<Webhook> find_webhook(Context& context, const DagKey& dag) {
  MR_TRY(const bool is_known, context.stores.runs.has_dag(dag));
  if (!is_known) return no_such_dag(context, dag);
  MR_TRY(const Json found, context.stores.runs.webhook_of(dag));
  if (!found.is_object())
    return not_found("DAG '" + dag.text() + "' has no `on: {webhook: …}` in its file");
  return Webhook::from_json(found);
}

/// Never "": an empty secret would be known to all.
Result<std::string> secret_of(const Webhook& webhook) {
  const char* value = std::getenv(webhook.secret_env.c_str());
  if (value == nullptr || *value == '\0')
    return unavailable("the engine has no environment variable '" + webhook.secret_env +
                       "'; set it to the secret of the webhook and start the engine again");
  return std::string(value);
}

Reply refused(const Error& error) {
  Reply reply;
  reply.problem = Problem::of(error);
  if (error.code == ErrorCode::permission_denied) reply.problem->status = 401;
  return reply;
}

/// Slack's "url_verification": it asks once whether the address is ours.
std::optional<Reply> handshake(const Webhook& webhook, const WebhookDelivery& delivery) {
  if (webhook.signature != WebhookSignature::slack || delivery.data["type"] != "url_verification")
    return std::nullopt;
  Reply reply;
  reply.json = Json::object({{"challenge", delivery.data["challenge"]}}).dump();
  return reply;
}

PublishEvent event_of(const DagKey& dag, const WebhookDelivery& delivery, const std::string& id) {
  const std::string type = "webhook/" + dag.name;
  Json event = Json::object({{"specversion", "1.0"},
                             {"id", id},
                             {"source", std::string(kWebhooksPath) + dag.name},
                             {"type", type}});
  if (!delivery.subject.empty()) event.set("subject", delivery.subject);
  event.set("data", delivery.data);
  return {type, std::move(event), dag.name};
}

Result<ReceivedWebhookView> view_of(const std::string& id, const Submitted& submitted) {
  MR_TRY(const auto answer, Context::answer_of<PublishEvent>(submitted));
  ReceivedWebhookView view{id, submitted.repeated, answer.has_value(), {}, {}};
  if (!answer) return view;
  view.runs = answer->runs;
  if (!answer->not_started.empty()) view.not_started = answer->not_started.front().reason;
  return view;
}

Result<Reply> submit(Context& context, const Call& call, const DagKey& dag,
                     const WebhookDelivery& delivery) {
  const std::string id = delivery.id.empty() ? context.new_id().to_string() : delivery.id;
  Command command = context.make_command(event_of(dag, delivery, id), call, dag.namespace_,
                                         "webhook of DAG '" + dag.text() + "'");
  if (!delivery.id.empty())
    command.idempotency_key = "webhook:" + sha256_hex(dag.name + "/" + delivery.id);
  auto reply =
      context.submit(std::move(command), [id](const Submitted& submitted) -> Result<Reply> {
        MR_TRY(const auto view, view_of(id, submitted));
        Reply answer = reply_of(view);
        answer.status = view.handled ? 200 : 202;
        return answer;
      });
  // Senders count their attempts in the body: the same delivery, with another text.
  if (!reply && reply.error().code == ErrorCode::conflict && !delivery.id.empty())
    return reply_of(ReceivedWebhookView{.id = id, .repeated = true});
  return reply;
}

Result<Reply> receive(Context& context, const Call& call) {
  const DagKey dag = dag_of(call);
  MR_TRY(const Webhook webhook, find_webhook(context, dag));
  MR_TRY(const std::string secret, secret_of(webhook));
  if (const auto proved = check_webhook(webhook, secret, call.request(), context.clock.now());
      !proved.ok())
    return refused(proved.error());
  MR_TRY(const WebhookDelivery delivery, read_webhook(webhook, call.request()));
  if (auto reply = handshake(webhook, delivery)) return *std::move(reply);
  return submit(context, call, dag, delivery);
}

}  // namespace

std::vector<Endpoint> webhook_endpoints(Context* context) {
  std::vector<Endpoint> list;
  list.push_back(
      {.method = "POST",
       .pattern = std::string(kWebhooksPath) + "{dag}",
       .id = "receiveWebhook",
       .tag = "events",
       .summary = "Receive a webhook of another service",
       .doc = "Starts a run of the DAG if the request has the proof that the DAG's `on: webhook` "
              "asks for; 401 without it. A delivery that comes again, by the id that its sender "
              "gives it, starts nothing. The body is JSON, a form or a text.",
       .path = {dag_in_path()},
       .query = {namespace_in_query()},
       .body_kind = Endpoint::Body::raw,
       .body_types = {"application/json", "application/x-www-form-urlencoded", "text/plain"},
       .also = {202},
       .response = type_info<ReceivedWebhookView>(),
       .handle = [context](const Call& call) { return receive(*context, call); }});
  return list;
}

}  // namespace millrace::api
