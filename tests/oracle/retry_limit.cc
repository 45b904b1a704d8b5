#include "tests/oracle/retry_limit.h"

#include <regex>
#include <set>
#include <string>

namespace millrace::oracle {
namespace {

bool applies(const FailureRule& rule, const Error& error) {
  const std::set<int> codes(rule.exit_codes.begin(), rule.exit_codes.end());
  const std::set<std::string> errors(rule.errors.begin(), rule.errors.end());
  if (!codes.empty() && !codes.contains(error.exit_code.value_or(0))) return false;
  if (!rule.message.empty() && !std::regex_search(error.message, std::regex(rule.message)))
    return false;
  if (errors.empty()) return true;
  if (error.signal && errors.contains("signal")) return true;
  if (error.out_of_memory && errors.contains("out_of_memory")) return true;
  return errors.contains(std::string(traits(error.code).name));
}

}  // namespace

int retries_allowed(const TaskSpec& task, const Error& error) {
  if (error.permanent) return -1;
  if (error.code == ErrorCode::cancelled || error.code == ErrorCode::fenced) return -1;
  for (const FailureRule& rule : task.retries.rules)
    if (applies(rule, error)) return rule.never ? -1 : rule.max.value_or(task.retries.max);
  return task.retries.max;
}

}  // namespace millrace::oracle
