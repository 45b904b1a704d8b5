#include "engine/exec/attempt_log.h"

#include <algorithm>

namespace millrace::exec {
namespace {

constexpr std::int64_t kMiB = 1 << 20;
constexpr std::size_t kRecentBytes = 4096;

/// It is kept in memory until the attempt has ended.
std::int64_t tail_size(std::int64_t limit_bytes) { return std::min(limit_bytes / 2, kMiB); }

std::string_view trimmed(std::string_view line) {
  const auto first = line.find_first_not_of(" \t\r");
  if (first == std::string_view::npos) return {};
  return line.substr(first, line.find_last_not_of(" \t\r") - first + 1);
}

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
    : room_(limit_bytes - tail_size(limit_bytes)),
      limit_(limit_bytes),
      tail_limit_(static_cast<std::size_t>(tail_size(limit_bytes))) {
  head_.chunk.run = attempt.key.run;
  head_.chunk.task = attempt.info.task_id;
  head_.chunk.map_index = attempt.key.ref.map_index;
  head_.chunk.attempt = attempt.key.attempt;
  if (!attempt.info.checkpoint.is_null())
    head_.earlier = std::make_shared<std::optional<std::int64_t>>();
}

void AttemptLog::append(std::string_view bytes) {
  const auto fits =
      static_cast<std::size_t>(std::min(static_cast<std::int64_t>(bytes.size()), room_));
  pending_ += bytes.substr(0, fits);
  room_ -= static_cast<std::int64_t>(fits);
  if (fits < bytes.size()) keep_end(bytes.substr(fits));
  recent_ += bytes.substr(bytes.size() - std::min(bytes.size(), kRecentBytes));
  if (recent_.size() > 2 * kRecentBytes) recent_.erase(0, recent_.size() - kRecentBytes);
}

void AttemptLog::keep_end(std::string_view bytes) {
  tail_ += bytes;
  if (tail_.size() <= 2 * tail_limit_) return;  // to move it for each piece would take long
  dropped_ += static_cast<std::int64_t>(tail_.size() - tail_limit_);
  tail_.erase(0, tail_.size() - tail_limit_);
}

void AttemptLog::add_end() {
  std::size_t from = tail_.size() - std::min(tail_.size(), tail_limit_);
  if (dropped_ > 0 || from > 0) {
    if (const auto line = tail_.find('\n', from); line + 1 < tail_.size()) from = line + 1;
    const std::string limit = limit_ % kMiB == 0 ? std::to_string(limit_ / kMiB) + " MiB"
                                                 : std::to_string(limit_) + " bytes";
    pending_ += "\n[millrace: " + std::to_string(dropped_ + static_cast<std::int64_t>(from)) +
                " bytes are left out here: a log keeps " + limit + "]\n";
  }
  pending_.append(tail_, from);
  tail_.clear();
}

std::string AttemptLog::last_line() const {
  constexpr int kLines = 20;
  constexpr std::size_t kLongest = 500;
  constexpr std::string_view kSigns[] = {"rror:", "Error", "Exception", "panicked", "fatal"};
  std::string text = recent_;
  if (const std::size_t cut = make_text(text); cut > 0) text.resize(text.size() - cut);
  std::string_view rest = text, last;
  for (int i = 0; i < kLines && !rest.empty(); ++i) {
    const std::size_t start = rest.rfind('\n') + 1;  // 0: the first
    const std::string_view line = trimmed(rest.substr(start));
    rest = rest.substr(0, start == 0 ? 0 : start - 1);
    const bool names_an_error = std::ranges::any_of(
        kSigns, [&](std::string_view sign) { return line.find(sign) != std::string_view::npos; });
    if (last.empty()) last = line;
    if (!names_an_error) continue;
    last = line;
    break;
  }
  std::string out(last.substr(0, kLongest));
  if (last.size() > kLongest) out += "…";
  std::erase_if(out, [](char c) { return static_cast<unsigned char>(c) < 0x20; });
  return out;
}

std::optional<LogPiece> AttemptLog::take(Time at, bool end) {
  if (end) add_end();
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
