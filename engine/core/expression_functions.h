// The functions of the expression language: one table. Internal to the expression files of this
// module.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/json.h"
#include "engine/base/result.h"
#include "engine/core/expression.h"

namespace millrace::expr {

using Arguments = std::span<const Json* const>;

struct Function {
  std::string_view name;
  int min_arguments;
  int max_arguments;
  bool status;  // success() and its like, which look at the scope
  /// nullptr of case(), which evaluates only the arguments that it needs.
  Result<Json> (*call)(const Scope& scope, Arguments arguments);
  std::optional<Json::Type> gives;  // nullopt: it depends on the arguments
};

/// Without regard to case, as in GitHub Actions; nullptr if there is none.
const Function* find_function(std::string_view name);
std::vector<std::string> function_names();

// Of expression_lists.cc.
Result<Json> call_range(const Scope& scope, Arguments arguments);
Result<Json> call_zip(const Scope& scope, Arguments arguments);
Result<Json> call_flatten(const Scope& scope, Arguments arguments);
Result<Json> call_unique(const Scope& scope, Arguments arguments);

// Of expression_date.cc.
Result<Json> call_date(const Scope& scope, Arguments arguments);
Result<Json> call_date_add(const Scope& scope, Arguments arguments);

}  // namespace millrace::expr
