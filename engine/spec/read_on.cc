// `on` of a DAG file: what starts a run besides a schedule.
#include <algorithm>

#include "engine/core/webhook_signature.h"
#include "engine/spec/read_dag.h"

namespace millrace::spec {
namespace {

/// `if` and `params`, which every trigger with an event has.
void read_event_use(const YamlNode& node, LocatedTrigger trigger, Json& out, LocatedDag& dag,
                    const Loading& loading) {
  if (const auto* entry = node.find("if")) {
    trigger.condition = &entry->value;
    out.set("if", read_condition("if", entry->value, loading));
  }
  if (const auto* entry = node.find("params"); entry != nullptr && !entry->value.is_null()) {
    if (entry->value.is_mapping()) {
      trigger.params = &entry->value;
      out.set("params", to_json(entry->value, loading.report));
    } else {
      loading.report.error(entry->value.at, "wrong-type",
                           "params must be a mapping of the DAG's params to values, but it is " +
                               std::string(entry->value.type_name()));
    }
  }
  dag.triggers.push_back(std::move(trigger));
}

void read_event(const YamlNode::Entry& event, LocatedDag& dag, const Loading& loading) {
  if (!check_keys(event.value, event.key_at, event_fields(), "event", loading.report)) return;
  Json out = Json::object();
  if (const auto* entry = event.value.find("type"))
    out.set("type", read_string(entry->value, "type", loading.report).value_or(""));
  read_event_use(event.value, {.key = "event"}, out, dag, loading);
  dag.spec.on_event = std::move(out);
}

/// A name as HTTP and the environment allow it.
std::optional<std::string> read_word(const YamlNode& node, std::string_view key,
                                     std::string_view also, Report& report) {
  auto text = read_string(node, key, report);
  if (!text) return text;
  const bool fits =
      !text->empty() && text->size() <= 128 && std::ranges::all_of(*text, [&](char c) {
        return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
               also.find(c) != std::string_view::npos;
      });
  if (fits) return text;
  report.error(node.at, "bad-value",
               std::string(key) + ": " + quote(*text) + " is not a name of letters, digits and " +
                   std::string(also));
  return std::nullopt;
}

void read_signature(const YamlNode& node, Json& out, Report& report) {
  const auto name = read_string(node, "signature", report);
  if (!name) return;
  if (from_name<WebhookSignature>(*name)) {
    out.set("signature", *name);
    return;
  }
  std::vector<std::string> known;
  for (const auto each : names_of(WebhookSignature{})) known.emplace_back(each);
  const std::string hint = report.suggest(*name, known);
  report.error(node.at, "bad-value", "signature: there is no scheme " + quote(*name),
               hint.empty() ? "there are " + listed(known) : hint);
}

void read_webhook(const YamlNode::Entry& webhook, LocatedDag& dag, const Loading& loading) {
  Report& report = loading.report;
  const YamlNode& node = webhook.value;
  if (!check_keys(node, webhook.key_at, webhook_fields(), "webhook", report)) return;
  Json out = Json::object();
  if (const auto* entry = node.find("secret_env"))
    if (auto name = read_word(entry->value, "secret_env", "_", report))
      out.set("secret_env", *std::move(name));
  if (const auto* entry = node.find("signature")) read_signature(entry->value, out, report);
  if (const auto* entry = node.find("header")) {
    if (auto name = read_word(entry->value, "header", "-", report))
      out.set("header", *std::move(name));
    if (out["signature"].as_string("token") != "token")
      report.error(
          entry->key_at, "bad-value",
          "header: the scheme " + quote(out["signature"].as_string()) + " has a header of its own",
          "remove it, or write `signature: token`");
  }
  read_event_use(node, {.key = "webhook"}, out, dag, loading);
  dag.spec.on_webhook = std::move(out);
}

void check_trigger_param(const YamlNode::Entry& entry, const LocatedDag& dag, Report& report) {
  const auto& params = dag.spec.params;
  const auto param = std::ranges::find(params, entry.key, &ParamSpec::name);
  if (param == params.end()) {
    std::vector<std::string> known;
    for (const auto& each : params) known.push_back(each.name);
    std::string hint = report.suggest(entry.key, known);
    if (hint.empty() && !known.empty()) hint = "there are " + listed(known);
    return report.error(entry.key_at, "unknown-key", "the DAG has no param " + quote(entry.key),
                        hint);
  }
  const Json value = to_json(entry.value, report);
  const auto made = Template::compile(value);
  if (!made || !made->is_constant()) return;  // an error is reported with the expressions
  if (const auto fits = check_param(*param, value); !fits.ok())
    report.error(entry.value.at, "bad-value", fits.error().message);
}

}  // namespace

void read_on(const YamlNode& node, LocatedDag& dag, const Loading& loading) {
  if (!check_keys(node, node.at, on_fields(), "on", loading.report)) return;
  if (const auto* entry = node.find("dataset")) {
    dag.datasets_at = entry->value.at;
    dag.spec.datasets = texts(read_names(entry->value, "dataset", loading.report));
  }
  if (const auto* entry = node.find("event")) read_event(*entry, dag, loading);
  if (const auto* entry = node.find("webhook")) read_webhook(*entry, dag, loading);
}

std::string cure_of_missing_default(const LocatedDag& dag, const std::string& param) {
  if (dag.spec.schedule || !dag.spec.datasets.empty())
    return "runs that start by `schedule` or `on` can only take the default";
  for (const LocatedTrigger& trigger : dag.triggers)
    if (trigger.params == nullptr || trigger.params->find(param) == nullptr)
      return "write one, or take the value from the event: `on: {" + trigger.key + ": {params: {" +
             param + ": \"${{ event.data… }}\"}}}`";
  return "";
}

void check_trigger_params(const LocatedDag& dag, Report& report) {
  for (const auto& trigger : dag.triggers)
    if (trigger.params != nullptr)
      for (const auto& entry : trigger.params->entries) check_trigger_param(entry, dag, report);
}

}  // namespace millrace::spec
