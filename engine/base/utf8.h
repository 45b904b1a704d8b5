// Whether bytes are UTF-8 (RFC 3629).
#pragma once

#include <cstddef>
#include <string_view>

namespace millrace {

/// Bytes of the valid sequence at the front of `text`; 0 if there is none. REQUIRES: not empty.
std::size_t utf8_length(std::string_view text);
bool is_utf8(std::string_view text);

}  // namespace millrace
