// AttemptLog: gathers what one attempt prints, and cuts it into the chunks of the log store.
//
// Text only: a byte that is no UTF-8 (or is NUL) becomes '?', one for one, so that offsets keep
// counting the bytes printed. Not thread-safe.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/core/executor.h"
#include "engine/store/rows.h"

namespace millrace::exec {

class AttemptLog {
 public:
  /// What is printed beyond `limit_bytes` is dropped; the last line kept says so.
  AttemptLog(const StartAttempt& attempt, std::int64_t limit_bytes);

  void append(std::string_view bytes);
  std::size_t pending_bytes() const { return pending_.size(); }
  /// True once anything was printed.
  bool used() const { return offset_ > 0 || !pending_.empty(); }
  /// Removes and returns what has gathered; nullopt if nothing has. A character that is still
  /// incomplete stays, unless this is the end.
  std::optional<LogChunk> take(Time at, bool end);

 private:
  LogChunk head_;  // whose log it is
  std::string pending_;
  std::int64_t offset_ = 0;  // of pending_[0]
  std::int64_t room_;        // bytes until the limit
  std::int64_t limit_;
};

/// Replaces each byte that is part of no valid UTF-8 sequence, and each NUL, by '?'. Returns how
/// many bytes at the end begin a sequence that more bytes could complete; those are left alone.
std::size_t make_text(std::string& bytes);

}  // namespace millrace::exec
