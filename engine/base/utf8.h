// UTF-8 (RFC 3629): whether bytes are it, and code points as it.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace millrace {

/// Bytes of the valid sequence at the front of `text`; 0 if there is none. REQUIRES: not empty.
std::size_t utf8_length(std::string_view text);
bool is_utf8(std::string_view text);
/// Appends one code point, at most U+10FFFF.
void append_utf8(std::string& out, char32_t code);

}  // namespace millrace
