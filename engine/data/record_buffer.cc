#include <algorithm>
#include <cstring>

#include "engine/data/record_reader.h"

namespace millrace::data {
namespace {

constexpr std::size_t kFirstBlock = std::size_t{16} << 10;  // many files are no longer
constexpr std::size_t kBufferBlock = std::size_t{1} << 20;
constexpr std::size_t kMaxRecord = std::size_t{64} << 20;

}  // namespace

Status RecordBuffer::more(std::size_t from, std::size_t line) {
  const std::size_t kept = end_ - from;
  if (kept > kMaxRecord)
    return data_invalid(name_ + ":" + std::to_string(line) +
                        ": the row is longer than 64 MiB; is a closing quote missing?");
  if (from > 0) std::memmove(text_.data(), text_.data() + from, kept);
  // Twice the record: the number of times that a long one is read again stays logarithmic.
  const std::size_t wanted = std::max(text_.empty() ? kFirstBlock : kBufferBlock, kept * 2);
  if (text_.size() < wanted) text_.resize(wanted);
  end_ = kept;
  MR_TRY(const std::size_t got, source_.read(text_.data() + kept, text_.size() - kept));
  at_end_ = got < text_.size() - kept;
  end_ += got;
  return {};
}

/// Unicode 15, table 3-7: no overlong forms, no surrogates, nothing above U+10FFFF.
bool is_valid_utf8(std::string_view text) {
  const auto* at = reinterpret_cast<const unsigned char*>(text.data());
  const unsigned char* end = at + text.size();
  while (at < end) {
    std::uint64_t eight = 0;
    if (end - at >= 8 && (std::memcpy(&eight, at, 8), (eight & 0x8080808080808080U) == 0)) {
      at += 8;
      continue;
    }
    const unsigned char first = *at++;
    if (first < 0x80) continue;
    const int more = first >= 0xC2 && first <= 0xDF   ? 1
                     : first >= 0xE0 && first <= 0xEF ? 2
                     : first >= 0xF0 && first <= 0xF4 ? 3
                                                      : 0;
    if (more == 0 || end - at < more) return false;
    const unsigned char low = first == 0xE0 ? 0xA0 : first == 0xF0 ? 0x90 : 0x80;
    const unsigned char high = first == 0xED ? 0x9F : first == 0xF4 ? 0x8F : 0xBF;
    if (at[0] < low || at[0] > high) return false;
    for (int i = 1; i < more; ++i)
      if ((at[i] & 0xC0) != 0x80) return false;
    at += more;
  }
  return true;
}

}  // namespace millrace::data
