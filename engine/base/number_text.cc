#include "engine/base/number_text.h"

#include <cmath>
#include <cstdint>

#include "engine/base/json.h"

namespace millrace {

std::string number_text(double value) {
  return value == std::floor(value) && std::abs(value) < 1e15
             ? std::to_string(static_cast<std::int64_t>(value))
             : Json(value).dump();
}

}  // namespace millrace
