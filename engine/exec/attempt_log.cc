#include "engine/exec/attempt_log.h"

#include <algorithm>

namespace millrace::exec {
namespace {

constexpr std::int64_t kMiB = 1 << 20;

unsigned char byte_at(std::string_view text, std::size_t at) {
  return static_cast<unsigned char>(text[at]);
}

/// Length of the sequence that `lead` begins; 0 if none begins with it (Unicode 15, table 3-7).
std::size_t sequence_length(unsigned char lead) {
  if (lead < 0x80) return lead == 0 ? 0 : 1;
  if (lead >= 0xc2 && lead <= 0xdf) return 2;
  if (lead >= 0xe0 && lead <= 0xef) return 3;
  if (lead >= 0xf0 && lead <= 0xf4) return 4;
  return 0;
}

/// Whether `next` may follow `lead` as the second byte: no overlong forms, no surrogates.
bool second_fits(unsigned char lead, unsigned char next) {
  const unsigned char low = lead == 0xe0 ? 0xa0 : lead == 0xf0 ? 0x90 : 0x80;
  const unsigned char high = lead == 0xed ? 0x9f : lead == 0xf4 ? 0x8f : 0xbf;
  return next >= low && next <= high;
}

/// How many bytes from `at` on are a valid beginning of a sequence of `length` bytes.
std::size_t valid_prefix(std::string_view text, std::size_t at, std::size_t length) {
  std::size_t good = 1;
  while (good < length && at + good < text.size()) {
    const unsigned char next = byte_at(text, at + good);
    const bool fits = good == 1 ? second_fits(byte_at(text, at), next) : (next & 0xc0) == 0x80;
    if (!fits) break;
    ++good;
  }
  return good;
}

}  // namespace

std::size_t make_text(std::string& bytes) {
  for (std::size_t at = 0; at < bytes.size();) {
    const std::size_t length = sequence_length(byte_at(bytes, at));
    const std::size_t good = length > 1 ? valid_prefix(bytes, at, length) : length;
    if (good == length && length > 0) {
      at += length;
    } else if (length > 0 && at + good == bytes.size()) {
      return good;  // cut off by the end
    } else {
      bytes[at++] = '?';
    }
  }
  return 0;
}

AttemptLog::AttemptLog(const StartAttempt& attempt, std::int64_t limit_bytes)
    : room_(limit_bytes), limit_(limit_bytes) {
  head_.chunk.run = attempt.key.run;
  head_.chunk.task = attempt.info.task_id;
  head_.chunk.map_index = attempt.key.ref.map_index;
  head_.chunk.attempt = attempt.key.attempt;
  if (!attempt.info.checkpoint.is_null())
    head_.earlier = std::make_shared<std::optional<std::int64_t>>();
}

void AttemptLog::append(std::string_view bytes) {
  if (room_ < 0) return;
  const auto size = static_cast<std::int64_t>(bytes.size());
  pending_ += bytes.substr(0, static_cast<std::size_t>(std::min(size, room_)));
  room_ -= size;
  if (room_ >= 0) return;
  const std::string limit = limit_ % kMiB == 0 ? std::to_string(limit_ / kMiB) + " MiB"
                                               : std::to_string(limit_) + " bytes";
  pending_ += "\n[millrace: the log is full at " + limit + "; what follows is dropped]\n";
}

std::optional<LogPiece> AttemptLog::take(Time at, bool end) {
  std::size_t cut = make_text(pending_);
  if (end) {
    std::fill(pending_.end() - static_cast<std::ptrdiff_t>(cut), pending_.end(), '?');
    cut = 0;
  }
  if (pending_.size() == cut) return std::nullopt;
  LogPiece piece = head_;
  LogChunk& chunk = piece.chunk;
  chunk.offset = offset_;
  chunk.at = at;
  chunk.text = std::move(pending_);
  pending_ = chunk.text.substr(chunk.text.size() - cut);
  chunk.text.resize(chunk.text.size() - cut);
  offset_ += static_cast<std::int64_t>(chunk.text.size());
  return piece;
}

}  // namespace millrace::exec
