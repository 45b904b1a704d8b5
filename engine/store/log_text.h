// LogText: joins the pieces of one attempt's output, which may overlap and may not have come yet.
// Pure.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace millrace {

class LogText {
 public:
  /// Text from byte `offset` on, at most `limit` bytes.
  LogText(std::int64_t offset, std::size_t limit) : next_(offset < 0 ? 0 : offset), limit_(limit) {}

  /// Pieces by growing offset. False: no later piece can add to the text, because it is full or has
  /// a gap.
  bool add(std::int64_t offset, std::string_view piece) {
    if (text_.size() >= limit_ || offset > next_) return false;
    const auto known = static_cast<std::uint64_t>(next_ - offset);
    if (known >= piece.size()) return true;
    piece.remove_prefix(static_cast<std::size_t>(known));
    piece = piece.substr(0, limit_ - text_.size());
    text_ += piece;
    next_ += static_cast<std::int64_t>(piece.size());
    return true;
  }
  std::string take() && { return std::move(text_); }

 private:
  std::int64_t next_;
  std::size_t limit_;
  std::string text_;
};

}  // namespace millrace
