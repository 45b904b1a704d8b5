// Lists of plain values as JSON, and back.
#pragma once

#include <string>
#include <vector>

#include "engine/base/json.h"

namespace millrace {

template <typename Value>
Json json_list(const std::vector<Value>& values) {
  Json out = Json::array();
  for (const auto& value : values) out.push_back(value);
  return out;
}

/// The items as texts; none of what is no list.
inline std::vector<std::string> strings_in(const Json& json) {
  std::vector<std::string> out;
  for (const auto& item : json.items()) out.push_back(item.as_string());
  return out;
}

}  // namespace millrace
