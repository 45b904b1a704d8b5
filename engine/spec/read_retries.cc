// `retries` of a task or of `defaults`.
#include <algorithm>

#include "engine/base/fields.h"
#include "engine/core/message_pattern.h"
#include "engine/spec/read_dag.h"

namespace millrace::spec {
namespace {

constexpr int kMaxRetries = 1000;
constexpr std::size_t kMaxRules = 32;

void report_unknown(const Position& at, const std::string& what, const std::string& name,
                    const std::vector<std::string>& known, Report& report) {
  const std::string hint = report.suggest(name, known);
  report.error(at, "bad-value", what + quote(name),
               hint.empty() ? "there are " + listed(known) : hint);
}

std::optional<Backoff> read_backoff(const YamlNode& node, Report& report) {
  const auto name = read_string(node, "backoff", report);
  if (!name) return std::nullopt;
  const auto backoff = from_name<Backoff>(*name);
  constexpr auto kNames = names_of(Backoff{});
  if (!backoff)
    report_unknown(node.at, "there is no backoff ", *name, {kNames.begin(), kNames.end()}, report);
  return backoff;
}

/// The keys that a policy and a rule share. What does not fit keeps its value.
template <typename Keys>
void read_times(const YamlNode& node, Keys& to, Report& report) {
  const auto take = [](auto& target, const auto& value) {
    if (value) target = *value;
  };
  if (const auto* entry = node.find("max")) {
    const auto max = read_integer(entry->value, "max", 0, kMaxRetries, report);
    if (max) to.max = static_cast<int>(*max);
  }
  if (const auto* entry = node.find("backoff"))
    take(to.backoff, read_backoff(entry->value, report));
  if (const auto* entry = node.find("initial"))
    take(to.initial, read_duration(entry->value, "initial", report));
  if (const auto* entry = node.find("max_delay"))
    take(to.max_delay, read_duration(entry->value, "max_delay", report));
  if (const auto* entry = node.find("jitter"))
    take(to.jitter, read_number(entry->value, "jitter", 0, 1, report));
}

/// Names out of `known`, each reported that is not one of them.
std::vector<std::string> read_errors(const YamlNode& node, std::string_view key,
                                     const std::vector<std::string>& known, Report& report) {
  std::vector<std::string> out;
  for (const auto& name : read_names(node, key, report)) {
    if (std::ranges::find(known, name.text) != known.end())
      out.push_back(name.text);
    else
      report_unknown(name.at, std::string(key) + ": there is no such error ", name.text, known,
                     report);
  }
  if (node.is_list() && node.items.empty())
    report.error(node.at, "bad-value", std::string(key) + ": the list is empty",
                 "leave the key out, or name at least one");
  return out;
}

void read_exit_codes(const YamlNode& node, FailureRule& to, Report& report) {
  const auto read_one = [&](const YamlNode& item) {
    if (const auto code = read_integer(item, "exit_code", 1, 255, report))
      to.exit_codes.push_back(static_cast<int>(*code));
  };
  if (!node.is_list()) return read_one(node);
  if (node.items.empty() || node.items.size() > 255)
    return report.error(node.at, "bad-value",
                        "exit_code: expected a list of 1 to 255 exit codes, but it has " +
                            std::to_string(node.items.size()));
  for (const YamlNode& item : node.items) read_one(item);
}

void read_message(const YamlNode& node, FailureRule& to, Report& report) {
  const auto text = read_string(node, "message", report);
  if (!text) return;
  if (const auto pattern = MessagePattern::parse(*text); !pattern)
    report.error(node.at, "bad-value", "message: " + pattern.error().message);
  to.message = *text;
}

void read_on(const YamlNode& node, FailureRule& to, Report& report) {
  if (!check_keys(node, node.at, retry_on_fields(), "on of a retry rule", report)) return;
  if (node.entries.empty())
    report.error(node.at, "bad-value", "on: the rule has no condition",
                 "there are exit_code, error and message");
  if (const auto* entry = node.find("exit_code")) read_exit_codes(entry->value, to, report);
  if (const auto* entry = node.find("error"))
    to.errors = read_errors(entry->value, "error", rule_errors(), report);
  if (const auto* entry = node.find("message")) read_message(entry->value, to, report);
}

void read_rule(const YamlNode& node, RetryPolicy& to, Report& report) {
  if (!check_keys(node, node.at, retry_rule_fields(), "a retry rule", report)) return;
  FailureRule& rule = to.rules.emplace_back();
  if (const auto* entry = node.find("on")) read_on(entry->value, rule, report);
  read_times(node, rule, report);
  const auto* never = node.find("never");
  if (never == nullptr) return;
  rule.never = read_bool(never->value, "never", report).value_or(false);
  for (const auto& entry : node.entries)
    if (rule.never && entry.key != "on" && entry.key != "never")
      report.error(entry.key_at, "bad-value",
                   entry.key + " has no effect in a rule that says never", "remove one of them");
}

}  // namespace

void read_retries(const YamlNode& node, RetryPolicy& to, Report& report) {
  if (!node.is_mapping()) {
    const auto max = read_integer(node, "retries", 0, kMaxRetries, report);
    to.max = static_cast<int>(max.value_or(to.max));
    return;
  }
  check_keys(node, node.at, retry_fields(), "retries", report);
  read_times(node, to, report);
  if (const auto* entry = node.find("rules")) {
    to.rules.clear();
    if (!entry->value.is_list())
      report.error(entry->value.at, "wrong-type",
                   "rules must be a list, but it is " + std::string(entry->value.type_name()));
    else if (entry->value.items.size() > kMaxRules)
      report.error(entry->value.at, "bad-value",
                   "rules: " + std::to_string(entry->value.items.size()) + " rules; there may be " +
                       std::to_string(kMaxRules));
    else
      for (const YamlNode& item : entry->value.items) read_rule(item, to, report);
  }
  if (const auto* entry = node.find("also_on")) {
    to.also_on = read_errors(entry->value, "also_on", retried_codes(), report);
    report.warning(entry->key_at, "no-effect", "also_on has no effect: every failure is retried",
                   "remove it; `rules` decide by the error");
  }
}

}  // namespace millrace::spec
