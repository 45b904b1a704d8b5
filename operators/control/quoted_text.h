// Names and values in errors. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/base/json.h"

namespace millrace::operators {

/// 'text'
inline std::string quoted_text(std::string_view text) { return "'" + std::string(text) + "'"; }

/// A value in quotes, shortened if it is long.
inline std::string shown_value(const Json& value) {
  std::string text = value.is_string() ? value.as_string() : value.dump();
  if (text.size() > 80) text = text.substr(0, 77) + "...";
  return quoted_text(text);
}

/// "a, b, c"
inline std::string listed_names(const std::vector<std::string>& names) {
  std::string out;
  for (const auto& name : names) out += (out.empty() ? "" : ", ") + name;
  return out;
}

}  // namespace millrace::operators
