// AttemptLog: gathers what one attempt prints, and cuts it into the chunks of the log store.
//
// An attempt that was deferred and goes on prints behind what it has printed before.
//
// Text only: a byte that is no UTF-8 (or is NUL) becomes '?', one for one, so that offsets keep
// counting the bytes printed. Not thread-safe.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "engine/core/executor.h"
#include "engine/store/rows.h"

namespace millrace::exec {

/// A chunk on its way to the store.
struct LogPiece {
  LogChunk chunk;
  /// Set if the attempt has printed before it was deferred: the chunk's offset then counts from
  /// where that ended; the writer looks it up once for all pieces of a call.
  std::shared_ptr<std::optional<std::int64_t>> earlier{};
};

class AttemptLog {
 public:
  /// Of more than `limit_bytes` the beginning and the end are kept, where the error stands; a line
  /// between them says how much is left out. The end is held back until it is known to be one.
  AttemptLog(const StartAttempt& attempt, std::int64_t limit_bytes);

  void append(std::string_view bytes);
  std::size_t pending_bytes() const { return pending_.size(); }
  /// True once anything was printed.
  bool used() const { return offset_ > 0 || !pending_.empty() || !tail_.empty(); }
  /// The last line that is not blank, as text; the one that names an error, if there is one among
  /// the last few. Shortened if it is very long.
  std::string last_line() const;
  /// Removes and returns what has gathered; nullopt if nothing has. A character that is still
  /// incomplete stays, unless this is the end.
  std::optional<LogPiece> take(Time at, bool end);

 private:
  LogPiece head_;  // whose log it is
  void keep_end(std::string_view bytes);
  void add_end();

  std::string pending_;
  std::int64_t offset_ = 0;  // of pending_[0]
  std::int64_t room_;        // bytes until the end is held back
  std::int64_t limit_;
  std::size_t tail_limit_;
  std::string tail_;          // the end so far
  std::int64_t dropped_ = 0;  // bytes between what was taken and the tail
  std::string recent_;        // for last_line
};

/// Replaces each byte that is part of no valid UTF-8 sequence, and each NUL, by '?'. Returns how
/// many bytes at the end begin a sequence that more bytes could complete; those are left alone.
std::size_t make_text(std::string& bytes);

}  // namespace millrace::exec
