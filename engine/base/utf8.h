// UTF-8 (RFC 3629): whether bytes are it, code points as it, and where it may be cut.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace millrace {

/// Bytes of the valid sequence at the front of `text`; 0 if there is none. REQUIRES: not empty.
std::size_t utf8_length(std::string_view text);
bool is_utf8(std::string_view text);
/// At most `max_bytes` of the text; a cut one ends with "…", and never within a code point.
/// REQUIRES: max_bytes >= 3.
std::string shortened(std::string_view text, std::size_t max_bytes);
/// Appends one code point, at most U+10FFFF.
void append_utf8(std::string& out, char32_t code);

}  // namespace millrace
