#include "engine/spec/yaml_guard.h"

#include <array>
#include <cstdint>

#include "engine/spec/yaml.h"

namespace millrace::spec {
namespace {

/// Bytes of the UTF-8 sequence (RFC 3629) at the front of `text`; 0 if it is not one.
std::size_t sequence_length(std::string_view text) {
  const auto lead = static_cast<unsigned char>(text[0]);
  if (lead < 0x80) return 1;
  const std::size_t length = lead >> 5 == 0x06   ? 2
                             : lead >> 4 == 0x0e ? 3
                             : lead >> 3 == 0x1e ? 4
                                                 : 0;
  if (length == 0 || text.size() < length) return 0;
  std::uint32_t code = lead & (0xffu >> (length + 1));
  for (std::size_t i = 1; i < length; ++i) {
    if ((text[i] & 0xc0) != 0x80) return 0;
    code = code << 6 | (text[i] & 0x3f);
  }
  constexpr std::array<std::uint32_t, 5> kLeast = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = code >= 0xd800 && code <= 0xdfff;
  return code >= kLeast[length] && code <= 0x10ffff && !surrogate ? length : 0;
}

std::string hex_byte(char c) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  const auto byte = static_cast<unsigned char>(c);
  return std::string("0x") + kDigits[byte >> 4] + kDigits[byte & 15];
}

bool is_control(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte < 0x20 && c != '\t' && c != '\n' && c != '\r') || byte == 0x7f;
}

}  // namespace

Position position_of(std::string_view text, std::size_t offset) {
  Position at{.line = 1, .column = 1, .offset = offset};
  for (const char c : text.substr(0, offset)) {
    at.column = c == '\n' ? 1 : at.column + 1;
    at.line += c == '\n';
  }
  return at;
}

bool guard_text(std::string_view text, Report& report) {
  if (text.size() > kMaxYamlBytes) {
    report.file_error("too-large",
                      "the file is larger than " + std::to_string(kMaxYamlBytes) + " bytes",
                      "a DAG file holds settings, not data");
    return false;
  }
  for (std::size_t i = 0; i < text.size();) {
    const std::size_t length = sequence_length(text.substr(i));
    if (length == 0) {
      report.error(
          position_of(text, i), "not-utf8",
          "byte " + hex_byte(text[i]) + " at offset " + std::to_string(i) + " is not UTF-8",
          "save the file as UTF-8");
      return false;
    }
    if (is_control(text[i])) {
      report.error(position_of(text, i), "control-character",
                   "control character " + hex_byte(text[i]) + " at offset " + std::to_string(i),
                   "write it as an escape in double quotes");
      return false;
    }
    i += length;
  }
  return true;
}

}  // namespace millrace::spec
