#include "engine/pg/array_text.h"

#include <charconv>

namespace millrace::pg {
namespace {

template <typename Number>
void append_number(std::string& out, Number number) {
  char text[40];
  const auto end = std::to_chars(text, text + sizeof text, number).ptr;
  out.append(text, end);
}

/// Length of the UTF-8 sequence at `at`, by RFC 3629; 0 if there is none.
std::size_t sequence_length(std::string_view text, std::size_t at) {
  const auto byte = [&](std::size_t i) -> unsigned {
    return at + i < text.size() ? static_cast<unsigned char>(text[at + i]) : 0u;
  };
  const unsigned first = byte(0);
  if (first < 0x80) return first == 0 ? 0 : 1;
  const std::size_t length = first >= 0xf5   ? 0
                             : first >= 0xf0 ? 4
                             : first >= 0xe0 ? 3
                             : first >= 0xc2 ? 2
                                             : 0;
  for (std::size_t i = 1; i < length; ++i)
    if ((byte(i) & 0xc0) != 0x80) return 0;
  const unsigned second = byte(1);
  const bool is_overlong = (first == 0xe0 && second < 0xa0) || (first == 0xf0 && second < 0x90);
  const bool is_outside = (first == 0xed && second > 0x9f) || (first == 0xf4 && second > 0x8f);
  return is_overlong || is_outside ? 0 : length;
}

}  // namespace

std::string_view storable(std::string_view text, std::string& buffer) {
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t length = sequence_length(text, at);
    if (length == 0) break;
    at += length;
  }
  if (at == text.size()) return text;
  buffer.assign(text.substr(0, at));
  while (at < text.size()) {
    const std::size_t length = sequence_length(text, at);
    buffer += length == 0 ? std::string_view("\xef\xbf\xbd") : text.substr(at, length);
    at += length == 0 ? 1 : length;
  }
  return buffer;
}

/// "\x…"
static void append_hex(std::string& out, std::string_view bytes) {
  out += "\\x";
  for (const char c : bytes) {
    out += "0123456789abcdef"[static_cast<unsigned char>(c) >> 4];
    out += "0123456789abcdef"[static_cast<unsigned char>(c) & 15];
  }
}

void ArrayText::add(std::int64_t number) {
  separate();
  append_number(out_, number);
}

void ArrayText::add(double number) {
  separate();
  append_number(out_, number);
}

void ArrayText::add(bool flag) {
  separate();
  out_ += flag ? 't' : 'f';
}

void ArrayText::add(std::string_view text) {
  separate();
  std::string buffer;
  text = storable(text, buffer);
  out_ += '"';
  std::size_t from = 0;
  for (auto at = text.find_first_of("\"\\"); at != text.npos;
       at = text.find_first_of("\"\\", at + 1)) {
    out_ += text.substr(from, at - from);
    out_ += '\\';
    from = at;
  }
  out_ += text.substr(from);
  out_ += '"';
}

void ArrayText::add(const Uuid& id) {
  if (id.is_nil()) return add_null();
  separate();
  out_ += id.to_string();
}

void ArrayText::add(Time time) { add(to_micros(time)); }

void ArrayText::add(const std::optional<Time>& time) {
  if (time)
    add(*time);
  else
    add_null();
}

void ArrayText::add(const Json& json) {
  if (json.is_null())
    add_null();
  else
    add(std::string_view(json.dump()));
}

void ArrayText::add_bytes(std::string_view bytes) {
  separate();
  out_ += "\"\\";  // the array's text takes one backslash away
  append_hex(out_, bytes);
  out_ += '"';
}

void ArrayText::add_null() {
  separate();
  out_ += "NULL";
}

std::string ArrayText::take() && {
  out_ += '}';
  return std::move(out_);
}

}  // namespace millrace::pg
