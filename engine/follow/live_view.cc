#include "engine/follow/live_view.h"

#include <algorithm>

namespace millrace::follow {
namespace {

// The first page is small: a client that looks at a few events does not wait for many.
constexpr std::size_t kFirstPage = 100, kNextPage = 500;
constexpr std::size_t kStepBytes = 512u << 10;

template <typename... Bodies>
std::uint64_t bit_of_kind(std::string_view kind, std::type_identity<std::variant<Bodies...>>) {
  static_assert(sizeof...(Bodies) <= 64);
  std::uint64_t bits = 0, bit = 1;
  ((bits |= Bodies::kind == kind ? bit : 0, bit <<= 1), ...);
  return bits;
}

}  // namespace

EventFilter::EventFilter(std::optional<Uuid> run, const std::vector<std::string>& kinds)
    : run_(run) {
  if (kinds.empty()) return;
  kinds_ = 0;
  for (const auto& kind : kinds) kinds_ |= bit_of_kind(kind, std::type_identity<EventBody>{});
}

bool EventFilter::wants(const Event& event) const {
  if (run_ && event.run != *run_) return false;
  return (kinds_ >> event.body.index() & 1) != 0;
}

LiveView::LiveView(const Ring& ring, RunNames& names, Journal& journal, EventFilter filter,
                   std::int64_t after, std::function<void()> wake)
    : ring_(ring),
      names_(names),
      journal_(journal),
      filter_(std::move(filter)),
      wake_(std::move(wake)),
      page_(kFirstPage),
      after_(after) {}

bool LiveView::offer(const Span& span) {
  const MutexLock lock(mutex_);
  if (!live_ || pending_ || span.last() <= after_) return false;
  pending_ = std::ranges::any_of(span.events(), [&](const Event& e) { return filter_.wants(e); });
  // It keeps its place although it is not woken.
  if (!pending_ && after_ >= span.first() - 1) after_ = span.last();
  return pending_;
}

bool LiveView::has_news() {
  const MutexLock lock(mutex_);
  live_ = true;
  after_ = ring_.last();
  return std::exchange(pending_, false);
}

Status LiveView::append(std::string& text, const Span& span, std::int64_t after) const {
  const auto& events = span.events();
  if (!filter_.wants_all() &&
      std::ranges::none_of(events, [&](const Event& e) { return filter_.wants(e); }))
    return {};
  MR_TRY(const Span::Text* rendered, span.text(names_));
  if (filter_.wants_all() && span.first() > after) {
    text += rendered->all;
    return {};
  }
  for (std::size_t i = 0; i < events.size(); ++i) {
    if (events[i].seq <= after || !filter_.wants(events[i])) continue;
    const std::size_t begin = i == 0 ? 0 : rendered->ends[i - 1];
    text.append(rendered->all, begin, rendered->ends[i] - begin);
  }
  return {};
}

Result<LiveView::Step> LiveView::next() {
  Step step;
  Ring::Read read;
  std::int64_t from = 0;
  {
    const MutexLock lock(mutex_);
    live_ = live_ || ring_.reaches_back_to(after_);
    if (live_) {
      // The feed offers a span after it is in the ring: what this read misses is offered later.
      read = ring_.read(after_, kStepBytes);
      pending_ = false;
      if (read.lost) {
        step.text = lost_text({after_ + 1, read.last});
        after_ = read.last;
      }
      from = after_;
      if (!read.spans.empty()) after_ = read.spans.back()->last();
    } else {
      step.behind = true;
    }
  }
  if (step.behind) return read_journal();
  for (const auto& span : read.spans) {
    const auto appended = append(step.text, *span, from);
    if (appended) continue;
    const MutexLock lock(mutex_);
    after_ = from;
    return appended.error();
  }
  step.again = read.more;
  return step;
}

Result<LiveView::Step> LiveView::read_journal() {
  std::int64_t after = 0;
  {
    const MutexLock lock(mutex_);
    after = after_;
  }
  MR_TRY(auto events, journal_.read(after, page_));
  Step step;
  step.behind = true;
  step.again = events.size() == page_;
  page_ = kNextPage;
  if (events.empty()) return step;
  if (events.front().seq > after + 1) step.text = lost_text({after + 1, events.front().seq - 1});
  const Span span(std::move(events));
  MR_CHECK(append(step.text, span, after));
  const MutexLock lock(mutex_);
  after_ = span.last();
  return step;
}

}  // namespace millrace::follow
