// LiveView: the position of one client in the journal. A client that is behind the ring first reads
// pages of the journal, at its own pace. Once its position is in the ring, the client reads the
// ring, and is woken for new events that pass its filter. If the ring drops events that the client
// has not read, the client loses its position: it gets one event `lost` with the range of the
// events that it does not get, and continues with the newest ones. A view holds at most one step in
// memory.
//
// Thread-safe, but only one thread at a time may call `next`.
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
  /// Empty `kinds`: all kinds. A kind that does not exist matches no event.
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
    bool again = false;   // more events are ready; call `next` again
    bool behind = false;  // the feed does not wake it yet; call `next` again soon
  };
  /// The events since the last step. An error of the store does not change the position.
  Result<Step> next();
  /// For a client that needs no events, only a signal: true if events have come since the last
  /// call. The first call returns true.
  bool has_news();

  /// For the feed: true if it must wake this view for the span. REQUIRES: the span is in the ring.
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
  std::size_t page_;  // only for the thread in `next`

  Mutex mutex_;
  std::int64_t after_ GUARDED_BY(mutex_);  // it has all events up to here
  bool live_ GUARDED_BY(mutex_) = false;
  bool pending_ GUARDED_BY(mutex_) = true;  // it was woken, or `next` was not called yet
};

}  // namespace millrace::follow
