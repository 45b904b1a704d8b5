#include "engine/follow/feed.h"

#include <algorithm>

namespace millrace::follow {
namespace {

constexpr std::size_t kReadPage = 1'000;
/// Beyond, the batches are dropped and read from the journal.
constexpr std::size_t kMostOffered = 50'000;
/// How long to trust the store's callbacks before looking again.
constexpr std::chrono::milliseconds kBackupLook{1'000};
/// Views are woken this long after the first event that they have not seen: eyes see no more. A
/// burst of work is then over before its events are sent. Many views wait longer.
constexpr std::chrono::milliseconds kLeastPause{10}, kMostPause{100};

std::chrono::milliseconds pause_for(std::size_t views) {
  return std::min(kMostPause, kLeastPause + std::chrono::milliseconds{views});
}

}  // namespace

Feed::Feed(Stores stores, const Clock& clock, Ring::Limits limits)
    : stores_(stores), clock_(clock), names_(stores.runs), ring_(limits) {
  appended_ = stores_.journal.subscribe([this] { look(); });
}

Feed::~Feed() {
  appended_.end();
  stop();
}

void Feed::start() {
  begin();  // if the store is away, the thread tries again
  service_.start([this] { work(); });
}

void Feed::stop() { service_.stop(); }

void Feed::offer(std::vector<Event> events) {
  if (events.empty()) return;
  {
    const MutexLock lock(mutex_);
    offered_events_ += events.size();
    if (offered_events_ > kMostOffered) {
      offered_.clear();
      offered_events_ = 0;
      look_ = true;
    } else {
      offered_.push_back(std::move(events));
    }
  }
  service_.wake();
}

void Feed::look() {
  {
    const MutexLock lock(mutex_);
    look_ = true;
  }
  service_.wake();
}

std::shared_ptr<LiveView> Feed::watch(EventFilter filter, std::int64_t after,
                                      std::function<void()> wake) {
  auto view = std::make_shared<LiveView>(ring_, names_, stores_.journal, std::move(filter), after,
                                         std::move(wake));
  const MutexLock lock(mutex_);
  std::erase_if(views_, [](const auto& one) { return one.expired(); });
  views_.push_back(view);
  return view;
}

void Feed::work() {
  while (!service_.stopping()) {
    std::vector<Event> batch;
    bool reads = false, more = false;
    {
      const MutexLock lock(mutex_);
      if (!offered_.empty() && seq_ >= 0) {
        batch = std::move(offered_.front());
        offered_.pop_front();
        offered_events_ -= batch.size();
      }
      more = !offered_.empty() && seq_ >= 0;
      reads = batch.empty() && look_;
      if (reads) look_ = false;
      // What comes between was appended by others.
      if (!batch.empty() && batch.front().seq > seq_ + 1) reads = true;
    }
    if (reads)
      read_on();
    else
      take(std::move(batch));
    wake_views();
    if (more || reads) continue;
    const bool idle = to_wake_.empty();
    const auto before = clock_.steady();
    if (!service_.wait(idle ? kBackupLook : waiting_since_ + pause_for(to_wake_.size()) - before))
      return;
    if (idle && clock_.steady() - before >= kBackupLook) look();
  }
}

/// The end of the journal, and what is open there. Runs that begin meanwhile are counted from their
/// events as well, which changes nothing.
bool Feed::begin() {
  const auto last = stores_.journal.last_seq();
  const auto open = last ? stores_.runs.open_runs() : Result<std::vector<RunRow>>(last.error());
  store_up_ = open.ok();
  if (!open) return false;
  for (const auto& row : *open) names_.open(row.run, row.key(), row.version);
  open_runs_ = names_.open_runs();
  ring_.begin(*last);
  seq_ = *last;
  return true;
}

void Feed::read_on() {
  if (seq_ < 0 && !begin()) return;
  for (;;) {
    auto events = stores_.journal.read(seq_, kReadPage);
    store_up_ = events.ok();
    if (!events || service_.stopping()) return;
    const bool is_whole = events->size() == kReadPage;
    take(*std::move(events));
    if (!is_whole) return;
  }
}

void Feed::take(std::vector<Event> events) {
  std::erase_if(events, [&](const Event& event) { return event.seq <= seq_; });
  if (events.empty()) return;
  for (const auto& event : events) names_.take(event);
  open_runs_ = names_.open_runs();
  // First: a client that has seen an event may ask for the counts.
  observers_.call(events);
  waiters_.take(events);
  const auto span = std::make_shared<const Span>(std::move(events));
  ring_.push(span);
  seq_ = span->last();
  tell_views(*span);
  changes_.call();
}

void Feed::tell_views(const Span& span) {
  std::vector<std::shared_ptr<LiveView>> views;
  {
    const MutexLock lock(mutex_);
    views.reserve(views_.size());
    for (const auto& one : views_)
      if (auto view = one.lock()) views.push_back(std::move(view));
  }
  for (auto& view : views)
    if (view->offer(span)) {
      if (to_wake_.empty()) waiting_since_ = clock_.steady();
      to_wake_.push_back(std::move(view));
    }
}

void Feed::wake_views() {
  if (to_wake_.empty() || clock_.steady() - waiting_since_ < pause_for(to_wake_.size())) return;
  for (const auto& view : to_wake_) view->wake();
  to_wake_.clear();
}

}  // namespace millrace::follow
