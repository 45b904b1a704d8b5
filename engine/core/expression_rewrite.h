// Replaces names in the text of an expression, such as the inputs of a template. Pure.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/json.h"
#include "engine/base/result.h"

namespace millrace {

/// The first `names` of a chain become `text`, which is an expression by itself.
struct NameReplacement {
  std::size_t names = 0;
  std::string text;
};
/// Gets the names of a chain such as `tasks.load.outputs.rows` or `tasks['load'].outputs.rows`, the
/// root first. nullopt: the chain stays as it is.
using ReplaceNames =
    std::function<Result<std::optional<NameReplacement>>(const std::vector<std::string>& chain)>;

/// Quoted strings, members of computed values and names of functions stay. Where the replacement
/// is more than one value, it is put into brackets. Text that is no expression stays from the first
/// wrong token on: the parser reports it.
Result<std::string> replace_names(std::string_view expression, const ReplaceNames& replace);
/// The names, if the whole expression is one chain.
std::optional<std::vector<std::string>> whole_chain(std::string_view expression);
/// A value as an expression that gives it. nullopt: there is none, e.g. for an infinite number.
std::optional<std::string> expression_of(const Json& value);
/// `tasks.ID`, or `tasks['ID']` if the id is no plain name.
std::string task_expression(std::string_view id);

}  // namespace millrace
