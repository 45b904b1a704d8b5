#include "engine/core/message_pattern.h"

#include <re2/re2.h>

#include <cstdint>

namespace millrace {
namespace {

constexpr std::size_t kMaxPattern = 1000, kMaxSearched = 64u << 10;
constexpr std::int64_t kMaxMemory = 1 << 20;

}  // namespace

Result<MessagePattern> MessagePattern::parse(const std::string& text) {
  if (text.empty()) return invalid_argument("the pattern is empty: it would match every message");
  if (text.size() > kMaxPattern)
    return invalid_argument("the pattern has " + std::to_string(text.size()) +
                            " bytes; the most is " + std::to_string(kMaxPattern));
  RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(kMaxMemory);
  auto compiled = std::make_shared<const RE2>(text, options);
  if (!compiled->ok())
    return invalid_argument("'" + text + "' is not a regular expression: " + compiled->error());
  return MessagePattern(std::move(compiled));
}

bool MessagePattern::matches(std::string_view message) const {
  const std::string_view searched = message.substr(0, kMaxSearched);
  return RE2::PartialMatch(re2::StringPiece(searched.data(), searched.size()), *compiled_);
}

}  // namespace millrace
