// ArrayText: the text form of a PostgreSQL array, for handing thousands of rows to one prepared
// statement
// (`unnest($1::bigint[], $2::text[])`). One object is one column. Not thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/id.h"
#include "engine/base/json.h"
#include "engine/base/time.h"

namespace millrace::pg {

class ArrayText {
 public:
  void add(std::int64_t number);
  void add(int number) { add(std::int64_t{number}); }
  void add(double number);
  void add(bool flag);
  /// Any text; what PostgreSQL cannot store is replaced (see `storable`).
  void add(std::string_view text);
  void add(const std::string& text) { add(std::string_view(text)); }
  void add(const char* text) { add(std::string_view(text)); }
  /// A nil id is NULL.
  void add(const Uuid& id);
  /// As microseconds since 1970, for a bigint[].
  void add(Time time);
  void add(const std::optional<Time>& time);
  /// Null JSON is NULL.
  void add(const Json& json);
  /// Raw bytes, for a bytea[].
  void add_bytes(std::string_view bytes);
  void add_null();

  /// "{…}"
  std::string take() &&;

 private:
  void separate() { out_ += out_.size() > 1 ? "," : ""; }
  std::string out_ = "{";
};

/// The text as PostgreSQL can store it: bytes that are no UTF-8, and the character NUL, become
/// U+FFFD. Returns `text` itself, or `buffer` after filling it.
std::string_view storable(std::string_view text, std::string& buffer);

}  // namespace millrace::pg
