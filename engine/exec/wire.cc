#include "engine/exec/wire.h"

namespace millrace::exec {
namespace {

constexpr std::size_t kIntegerBytes = 8, kLengthBytes = 4;

void append_number(std::string& out, std::uint64_t value, std::size_t bytes) {
  out.resize(out.size() + bytes);
  write_number(out.data() + out.size() - bytes, value, bytes);
}

}  // namespace

void write_number(char* at, std::uint64_t value, std::size_t bytes) {
  for (std::size_t i = 0; i < bytes; ++i) at[i] = static_cast<char>((value >> (8 * i)) & 0xff);
}

std::uint64_t read_number(std::string_view bytes) {
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i)
    value |= std::uint64_t{static_cast<unsigned char>(bytes[i])} << (8 * i);
  return value;
}

void WireWriter::put(std::int64_t value) {
  append_number(bytes_, static_cast<std::uint64_t>(value), kIntegerBytes);
}

void WireWriter::put(std::string_view text) {
  append_number(bytes_, text.size(), kLengthBytes);
  bytes_ += text;
}

void WireWriter::put(const Json& value) {
  put(value.is_null() ? std::string_view{} : std::string_view{value.dump()});
}

std::int64_t WireReader::integer() {
  return static_cast<std::int64_t>(read_number(cut(kIntegerBytes)));
}

std::string_view WireReader::text() { return cut(read_number(cut(kLengthBytes))); }

Json WireReader::json() {
  const std::string_view written = text();
  if (written.empty()) return {};
  auto value = Json::parse(written);
  broken_ |= !value;
  return value ? *std::move(value) : Json();
}

std::string_view WireReader::cut(std::size_t bytes) {
  if (broken_ || bytes > rest_.size()) {
    broken_ = true;
    return {};
  }
  const std::string_view out = rest_.substr(0, bytes);
  rest_.remove_prefix(bytes);
  return out;
}

}  // namespace millrace::exec
