#include "engine/op/catalog.h"

#include <algorithm>
#include <cassert>
#include <exception>
#include <new>

#include "engine/base/suggest.h"

namespace millrace {

const ParamInfo* OperatorInfo::find_param(std::string_view param_name) const {
  const auto found = std::ranges::find(params, param_name, &ParamInfo::name);
  return found == params.end() ? nullptr : &*found;
}

std::optional<std::vector<std::string>> OperatorInfo::known_outputs(const Json& with) const {
  if (outputs_with)
    if (auto names = outputs_with(with)) return names;
  std::vector<std::string> names;
  for (const auto& [output, text] : outputs) names.push_back(output);
  if (names.empty() || std::ranges::find(names, "*") != names.end()) return std::nullopt;
  return names;
}

namespace {

std::string joined(const std::vector<std::string>& names) {
  std::string out;
  for (std::size_t i = 0; i < names.size(); ++i)
    out += (i == 0 ? "'" : i + 1 == names.size() ? " and '" : ", '") + names[i] + "'";
  return out;
}

std::optional<ParamProblem> check_rule(const OperatorInfo& info, const ParamRule& rule,
                                       const Json& with) {
  std::vector<std::string> given;
  for (const auto& name : rule.names)
    if (is_given(with[name])) given.push_back(name);
  const std::string which = "of the parameters " + joined(rule.names);
  if (given.empty() && rule.at_least_one)
    return ParamProblem{"", "'" + info.name + "' needs one " + which};
  if (given.size() > 1 && rule.at_most_one)
    return ParamProblem{given[1], "'" + info.name + "' takes only one " + which + "; " +
                                      joined(given) + " are given"};
  return std::nullopt;
}

}  // namespace

std::vector<ParamProblem> OperatorInfo::check(const Json& with) const {
  std::vector<ParamProblem> problems;
  const auto known = [this] {
    std::vector<std::string> names;
    for (const auto& info : params) names.push_back(info.name);
    return names;
  };
  for (const auto& [given, value] : with.members()) {
    const ParamInfo* info = find_param(given);
    if (info == nullptr)
      problems.push_back({given, "'" + name + "' has no parameter '" + given + "'" +
                                     did_you_mean(given, known())});
    else if (value.is_null() && info->required)
      problems.push_back({given, "parameter '" + given + "' is empty"});
    else if (!value.is_null())
      if (auto message = check_value(*info, value))
        problems.push_back({given, "parameter '" + given + "': " + *message});
  }
  for (const auto& info : params)
    if (info.required && !with.contains(info.name))
      problems.push_back({info.name, "'" + name + "' needs the parameter '" + info.name + "' (" +
                                         std::string(to_string(info.type)) + "): " + info.doc});
  for (const auto& rule : rules)
    if (auto problem = check_rule(*this, rule, with)) problems.push_back(*std::move(problem));
  return problems;
}

void Catalog::insert(Entry entry) {
  const std::string name = entry.info.name;
  [[maybe_unused]] const bool fresh = entries_.emplace(name, std::move(entry)).second;
  assert(fresh && "two operators of one name");
}

const OperatorInfo* Catalog::find(std::string_view name) const {
  const auto found = entries_.find(name);
  return found == entries_.end() ? nullptr : &found->second.info;
}

std::string_view Catalog::executor_of(std::string_view op) const {
  const OperatorInfo* const info = find(op);
  return info == nullptr ? kProcessExecutor : std::string_view(info->executor);
}

std::vector<std::string> Catalog::names() const {
  std::vector<std::string> out;
  for (const auto& [name, entry] : entries_) out.push_back(name);
  return out;
}

Result<Outcome> Catalog::run(std::string_view name, const Json& with,
                             OperatorContext& context) const {
  const auto found = entries_.find(name);
  if (found == entries_.end())
    return not_found("unknown operator '" + std::string(name) + "'" + did_you_mean(name, names()));
  if (const auto problems = found->second.info.check(with); !problems.empty())
    return permanent(invalid_argument(problems.front().message));
  try {
    return found->second.run(with, context);
  } catch (const std::bad_alloc&) {
    Error error = make_error(ErrorCode::resource_exhausted, "out of memory");
    error.out_of_memory = true;
    return error;
  } catch (const std::exception& e) {
    return internal_error(std::string("the operator threw: ") + e.what());
  }
}

}  // namespace millrace
