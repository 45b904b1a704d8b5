// Base 64 (RFC 4648, section 4), with padding.
#pragma once

#include <string>
#include <string_view>

namespace millrace {

std::string base64_encode(std::string_view bytes);
/// True if `text` is whole groups of four of the alphabet, the last one padded.
bool is_base64(std::string_view text);

}  // namespace millrace
