#include "engine/serve/traffic.h"

#include <charconv>

namespace millrace::serve {

double place(std::string_view seed, std::string_view entity) {
  char digits[10];
  const auto end =
      std::to_chars(digits, digits + sizeof digits, fnv1a32(entity, fnv1a32(seed))).ptr;
  const auto hash = fnv1a32({digits, static_cast<std::size_t>(end - digits)});
  return static_cast<double>(hash % 10'000) / 10'000;
}

bool is_candidate(double place, double share) { return share > 0 && place >= 1 - share; }

}  // namespace millrace::serve
