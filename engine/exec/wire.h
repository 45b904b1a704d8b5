// Wire: the bytes of a message's fields, one after the other. An integer is eight bytes
// (little-endian), a text four bytes of length and itself, a JSON value its text ("" for null).
// The two ends name the fields in the same order; nothing in the bytes does.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/json.h"

namespace millrace::exec {

/// A number as so many bytes, little-endian, there and back.
void write_number(char* at, std::uint64_t value, std::size_t bytes);
std::uint64_t read_number(std::string_view bytes);

class WireWriter {
 public:
  void put(std::int64_t value);
  void put(std::string_view text);
  void put(const Json& value);
  std::string take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

/// Reads from bytes that anybody may have written. After the first field that is not there, or is
/// none, everything reads as zero, "" or null. `bytes` must outlive it.
class WireReader {
 public:
  explicit WireReader(std::string_view bytes) : rest_(bytes) {}

  std::int64_t integer();
  std::string_view text();
  Json json();

  /// What was read does not fit its field.
  void refuse() { broken_ = true; }

  /// All of the bytes have been read, and all were well.
  bool at_end() const { return !broken_ && rest_.empty(); }

 private:
  std::string_view cut(std::size_t bytes);

  std::string_view rest_;
  bool broken_ = false;
};

}  // namespace millrace::exec
