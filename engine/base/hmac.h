// HMAC-SHA-256 (RFC 2104), and the comparison of secrets.
#pragma once

#include <string>
#include <string_view>

namespace millrace {

/// 32 bytes.
std::string hmac_sha256(std::string_view key, std::string_view bytes);
/// Two lower-case digits for each byte.
std::string hex_encode(std::string_view bytes);
/// How long it takes depends on the lengths alone.
bool equal_in_constant_time(std::string_view a, std::string_view b);

}  // namespace millrace
