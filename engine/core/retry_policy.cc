#include "engine/core/retry_policy.h"

#include "engine/base/duration.h"
#include "engine/base/fields.h"
#include "engine/base/json_list.h"

namespace millrace {
namespace {

/// Only what is set.
Json rule_json(const FailureRule& rule) {
  Json on = Json::object();
  if (!rule.exit_codes.empty()) on.set("exit_code", json_list(rule.exit_codes));
  if (!rule.errors.empty()) on.set("error", json_list(rule.errors));
  if (!rule.message.empty()) on.set("message", rule.message);
  Json out = Json::object({{"on", std::move(on)}});
  if (rule.never) out.set("never", true);
  if (rule.max) out.set("max", *rule.max);
  if (rule.backoff) out.set("backoff", name_of(*rule.backoff));
  if (rule.initial) out.set("initial", format_duration(*rule.initial));
  if (rule.max_delay) out.set("max_delay", format_duration(*rule.max_delay));
  if (rule.jitter) out.set("jitter", *rule.jitter);
  return out;
}

Result<FailureRule> rule_from(const Json& json) {
  FailureRule rule;
  for (const auto& code : json["on"]["exit_code"].items())
    rule.exit_codes.push_back(static_cast<int>(code.as_int()));
  rule.errors = strings_in(json["on"]["error"]);
  rule.message = json["on"]["message"].as_string();
  rule.never = json["never"].as_bool(false);
  if (json.contains("max")) rule.max = static_cast<int>(json["max"].as_int());
  rule.backoff = from_name<Backoff>(json["backoff"].as_view());
  if (json.contains("initial")) {
    MR_TRY(rule.initial, parse_duration(json["initial"].as_view()));
  }
  if (json.contains("max_delay")) {
    MR_TRY(rule.max_delay, parse_duration(json["max_delay"].as_view()));
  }
  if (json.contains("jitter")) rule.jitter = json["jitter"].as_double();
  return rule;
}

}  // namespace

Json to_json(const RetryPolicy& policy) {
  Json out = Json::object({{"max", policy.max},
                           {"backoff", name_of(policy.backoff)},
                           {"initial", format_duration(policy.initial)},
                           {"max_delay", format_duration(policy.max_delay)},
                           {"jitter", policy.jitter}});
  if (!policy.rules.empty()) {
    Json rules = Json::array();
    for (const auto& rule : policy.rules) rules.push_back(rule_json(rule));
    out.set("rules", std::move(rules));
  }
  if (!policy.also_on.empty()) out.set("also_on", json_list(policy.also_on));
  return out;
}

Result<RetryPolicy> retry_policy_from(const Json& json) {
  RetryPolicy policy;
  policy.max = static_cast<int>(json["max"].as_int());
  policy.backoff = from_name<Backoff>(json["backoff"].as_view()).value_or(Backoff::exponential);
  MR_TRY(policy.initial, parse_duration(json["initial"].as_view()));
  MR_TRY(policy.max_delay, parse_duration(json["max_delay"].as_view()));
  policy.jitter = json["jitter"].as_double();
  for (const auto& item : json["rules"].items()) {
    MR_TRY(FailureRule rule, rule_from(item));
    policy.rules.push_back(std::move(rule));
  }
  policy.also_on = strings_in(json["also_on"]);
  return policy;
}

}  // namespace millrace
