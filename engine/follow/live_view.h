// LiveView: one client's place in the journal. At first it may be behind: it reads pages of the
// journal, at its own pace. From where the ring begins it lives on the ring, and is woken when
// something that it wants has come. A client that is slower than the ring loses its place: it gets
// an event `lost` with the range, and continues with the present. Its memory is bounded by one
// step.
//
// Thread-safe, but one thread at a time takes steps.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/mutex.h"
#include "engine/core/event.h"
#include "engine/follow/event_view.h"
#include "engine/follow/ring.h"
#include "engine/store/store.h"

namespace millrace::follow {

/// The events that one client wants.
class EventFilter {
 public:
  EventFilter() = default;
  /// Empty `kinds`: all. A kind that does not exist is none.
  EventFilter(std::optional<Uuid> run, const std::vector<std::string>& kinds);
  bool wants(const Event& event) const;
  bool wants_all() const { return !run_ && kinds_ == kAllKinds; }

 private:
  static constexpr std::uint64_t kAllKinds = ~std::uint64_t{0};
  std::optional<Uuid> run_;
  std::uint64_t kinds_ = kAllKinds;  // bits by the index in EventBody
};

class LiveView {
 public:
  /// `wake` is called from the feed's thread and must be brief.
  LiveView(const Ring& ring, RunNames& names, Journal& journal, EventFilter filter,
           std::int64_t after, std::function<void()> wake);

  struct Step {
    std::string text;     // server-sent events
    bool again = false;   // there is more already
    bool behind = false;  // the feed does not wake it yet: ask again soon
  };
  /// What came since. An error of the store leaves the place as it was.
  Result<Step> next();
  /// For a client that only wants to know that something has come: true if so since the last call,
  /// and at the first one.
  bool has_news();

  /// For the feed: true if it has to be woken for the span, which is in the ring already.
  bool offer(const Span& span);
  void wake() const { wake_(); }

 private:
  Result<Step> read_journal();
  Status append(std::string& text, const Span& span, std::int64_t after) const;

  const Ring& ring_;
  RunNames& names_;
  Journal& journal_;
  const EventFilter filter_;
  const std::function<void()> wake_;
  std::size_t page_;  // of the one who takes steps

  Mutex mutex_;
  std::int64_t after_ GUARDED_BY(mutex_);  // it has all events up to here
  bool live_ GUARDED_BY(mutex_) = false;
  bool pending_ GUARDED_BY(mutex_) = true;  // it was woken, or has not asked yet
};

}  // namespace millrace::follow
