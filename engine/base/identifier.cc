#include "engine/base/identifier.h"

#include <algorithm>

namespace millrace {
namespace {

/// Of ASCII, whatever the locale.
bool is_letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

}  // namespace

bool is_valid_id(std::string_view id) {
  return !id.empty() && id.size() <= 128 && is_letter_or_digit(id[0]) &&
         std::ranges::all_of(
             id, [](char c) { return is_letter_or_digit(c) || c == '_' || c == '-' || c == '.'; });
}

}  // namespace millrace
