// Ring: the last events of the journal in memory, in spans that all readers share. It drops the
// oldest spans, even if a slow reader has not read them, so no reader delays another. Thread-safe.
// Its lock is held only while pointers are copied.
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

/// Events in order, without gaps. Immutable, except that the first call of `text` creates the text,
/// which later calls share.
class Span {
 public:
  /// REQUIRES: not empty.
  explicit Span(std::vector<Event> events);

  const std::vector<Event>& events() const { return events_; }
  std::int64_t first() const { return events_.front().seq; }
  std::int64_t last() const { return events_.back().seq; }
  std::size_t bytes() const { return bytes_; }  // approximate

  struct Text {
    std::string all;                // server-sent events, one after the other
    std::vector<std::size_t> ends;  // where each event ends in `all`
  };
  /// An error if the store does not return the names. The next call tries again.
  Result<const Text*> text(RunNames& names) const;

 private:
  const std::vector<Event> events_;
  const std::size_t bytes_;
  mutable Mutex mutex_;
  mutable std::unique_ptr<const Text> text_ GUARDED_BY(mutex_);
};
using SpanPtr = std::shared_ptr<const Span>;

/// The approximate memory of an event.
std::size_t bytes_of(const Event& event);

class Ring {
 public:
  struct Limits {
    std::size_t events = 20'000;
    std::size_t bytes = 32u << 20;
  };
  explicit Ring(Limits limits) : limits_(limits) {}

  /// The first span must follow `seq`.
  void begin(std::int64_t seq);
  /// Adds a span, and drops the oldest spans beyond the limits. REQUIRES: it follows the last one.
  void push(SpanPtr span);

  struct Read {
    std::vector<SpanPtr> spans;  // the first may begin before `after`; empty: no new events
    bool lost = false;           // the ring has dropped the event that follows `after`
    bool more = false;           // the ring has more spans than `bytes` allowed
    std::int64_t last = 0;       // last event of the ring
  };
  /// The spans after `after`, about `bytes` of them.
  Read read(std::int64_t after, std::size_t bytes) const;
  /// True if the ring holds all events after `after`.
  bool reaches_back_to(std::int64_t after) const;
  std::int64_t last() const;

 private:
  const Limits limits_;
  mutable Mutex mutex_;
  std::deque<SpanPtr> spans_ GUARDED_BY(mutex_);
  std::size_t events_ GUARDED_BY(mutex_) = 0, bytes_ GUARDED_BY(mutex_) = 0;  // of all spans
  /// The ring holds the events (before_, last_]; none until `begin`.
  std::int64_t before_ GUARDED_BY(mutex_) = std::numeric_limits<std::int64_t>::max();
  std::int64_t last_ GUARDED_BY(mutex_) = 0;
};

}  // namespace millrace::follow
