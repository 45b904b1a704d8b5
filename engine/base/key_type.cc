#include "engine/base/key_type.h"

#include <algorithm>
#include <array>
#include <string>

namespace millrace {

/// DuckDB's FLOAT and DOUBLE, the FP16 to FP64 of the Open Inference Protocol, and a nested type
/// with one of them inside.
static bool is_floating_point(std::string_view type) {
  constexpr std::array<std::string_view, 5> kNames = {"DOUBLE", "FLOAT", "FP16", "FP32", "FP64"};
  const bool nested = type.find_first_of("([") != std::string_view::npos;
  return std::ranges::any_of(kNames, [&](std::string_view name) {
    return nested ? type.find(name) != std::string_view::npos : type == name;
  });
}

Status check_key(std::string_view role, std::string_view column, std::string_view type) {
  if (!is_floating_point(type)) return {};
  return make_error(ErrorCode::data_invalid,
                    std::string(role) + ": the key '" + std::string(column) + "' is of type " +
                        std::string(type) + ", which rounds, so that two keys may become one; " +
                        (type.starts_with("FP")
                             ? "send BYTES (texts) or INT64"
                             : "read it as an integer, a DECIMAL or text (`types` of ingest)"));
}

}  // namespace millrace
