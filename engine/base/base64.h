// Base 64 (RFC 4648, section 4), with padding.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace millrace {

std::string base64_encode(std::string_view bytes);
/// nullopt for what is_base64 refuses.
std::optional<std::string> base64_decode(std::string_view text);
/// True if `text` is whole groups of four of the alphabet, the last one padded.
bool is_base64(std::string_view text);

}  // namespace millrace
