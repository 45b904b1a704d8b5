// A number with its noun: "1 row", "12 rows".
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace millrace {

/// `noun` is one that takes an s: "row", "request".
inline std::string counted(std::int64_t count, std::string_view noun) {
  return std::to_string(count) + " " + std::string(noun) + (count == 1 ? "" : "s");
}

}  // namespace millrace
