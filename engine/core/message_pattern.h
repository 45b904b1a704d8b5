// MessagePattern: a regular expression that the message of an error is searched for. RE2 needs time
// in proportion to the message, whatever the expression, so neither a file nor a program's output
// can hold up the engine.
//
// Immutable; thread-safe; a copy shares the compiled expression.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "engine/base/result.h"

namespace re2 {
class RE2;
}

namespace millrace {

class MessagePattern {
 public:
  /// Error: `text` is empty, longer than 1,000 bytes, no expression that RE2 knows, or one that
  /// takes too much memory.
  static Result<MessagePattern> parse(const std::string& text);
  /// True if it occurs in the first 64 KiB of `message`.
  bool matches(std::string_view message) const;

 private:
  explicit MessagePattern(std::shared_ptr<const re2::RE2> compiled)
      : compiled_(std::move(compiled)) {}
  std::shared_ptr<const re2::RE2> compiled_;
};

}  // namespace millrace
