// Ring: the last events of the journal in memory, in spans that all readers share. A reader that is
// slower than the ring loses its place, and delays no other. Thread-safe; its lock covers copies of
// pointers only.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "engine/base/mutex.h"
#include "engine/core/event.h"
#include "engine/follow/run_names.h"

namespace millrace::follow {

/// Events in order, without gaps. Immutable, but for its text, which is made once by the first who
/// asks.
class Span {
 public:
  /// REQUIRES: not empty.
  explicit Span(std::vector<Event> events);

  const std::vector<Event>& events() const { return events_; }
  std::int64_t first() const { return events_.front().seq; }
  std::int64_t last() const { return events_.back().seq; }
  std::size_t bytes() const { return bytes_; }  // about

  struct Text {
    std::string all;                // server-sent events, one after the other
    std::vector<std::size_t> ends;  // of each
  };
  /// The error of a store that does not tell the names; then the next one tries again.
  Result<const Text*> text(RunNames& names) const;

 private:
  const std::vector<Event> events_;
  const std::size_t bytes_;
  mutable Mutex mutex_;
  mutable std::unique_ptr<const Text> text_ GUARDED_BY(mutex_);
};
using SpanPtr = std::shared_ptr<const Span>;

/// How much memory an event takes, roughly.
std::size_t bytes_of(const Event& event);

class Ring {
 public:
  struct Limits {
    std::size_t events = 20'000;
    std::size_t bytes = 32u << 20;
  };
  explicit Ring(Limits limits) : limits_(limits) {}

  /// From now on spans are expected to follow `seq`.
  void begin(std::int64_t seq);
  /// Drops the oldest ones beyond the limits. REQUIRES: it follows the last one.
  void push(SpanPtr span);

  struct Read {
    std::vector<SpanPtr> spans;  // the first may hold events before; empty: nothing has come
    bool lost = false;           // what follows `after` has left the ring
    bool more = false;           // there is more than was asked for
    std::int64_t last = 0;       // of the ring
  };
  /// The spans after `after`, about `bytes` of them.
  Read read(std::int64_t after, std::size_t bytes) const;
  /// True if everything after `after` is here.
  bool reaches_back_to(std::int64_t after) const;
  std::int64_t last() const;

 private:
  const Limits limits_;
  mutable Mutex mutex_;
  std::deque<SpanPtr> spans_ GUARDED_BY(mutex_);
  std::size_t events_ GUARDED_BY(mutex_) = 0, bytes_ GUARDED_BY(mutex_) = 0;  // of all spans
  /// All of (before_, last_] is here. Nothing until it begins.
  std::int64_t before_ GUARDED_BY(mutex_) = std::numeric_limits<std::int64_t>::max();
  std::int64_t last_ GUARDED_BY(mutex_) = 0;
};

}  // namespace millrace::follow
