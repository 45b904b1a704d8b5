#include "engine/follow/ring.h"

#include <algorithm>

#include "engine/follow/event_view.h"

namespace millrace::follow {
namespace {

std::size_t bytes_of_json(const Json& json) {
  std::size_t sum = sizeof(Json);
  if (json.is_string()) return sum + json.as_view().size();
  for (const auto& [name, value] : json.members()) sum += name.size() + bytes_of_json(value);
  for (const auto& item : json.items()) sum += bytes_of_json(item);
  return sum;
}

template <typename T>
std::size_t bytes_of_value(const T& value) {
  if constexpr (std::is_same_v<T, Json>) {
    return bytes_of_json(value);
  } else if constexpr (std::is_same_v<T, std::string>) {
    return value.size();
  } else if constexpr (std::is_same_v<T, Error>) {
    return value.message.size() + value.where.size();
  } else if constexpr (millrace::detail::kIsVector<T>) {
    std::size_t sum = value.size() * sizeof(typename T::value_type);
    for (const auto& item : value) sum += bytes_of_value(item);
    return sum;
  } else if constexpr (millrace::detail::kIsVariant<T>) {
    return std::visit([](const auto& one) { return bytes_of_value(one); }, value);
  } else if constexpr (Fielded<T>) {
    std::size_t sum = 0;
    for_each_field<T>(
        [&](const auto& field) { sum += bytes_of_value(std::invoke(field.get, value)); });
    return sum;
  } else {
    return 0;
  }
}

std::size_t bytes_of_all(const std::vector<Event>& events) {
  std::size_t sum = 0;
  for (const auto& event : events) sum += bytes_of(event);
  return sum;
}

}  // namespace

std::size_t bytes_of(const Event& event) { return sizeof(Event) + bytes_of_value(event.body); }

Span::Span(std::vector<Event> events) : events_(std::move(events)), bytes_(bytes_of_all(events_)) {}

Result<const Span::Text*> Span::text(RunNames& names) const {
  const MutexLock lock(mutex_);
  if (text_) return text_.get();
  static const DagNames kNone;
  auto text = std::make_unique<Text>();
  text->all.reserve(events_.size() * 256);
  text->ends.reserve(events_.size());
  Uuid run;
  std::shared_ptr<const DagNames> known;
  for (const auto& event : events_) {
    if (!event.run.is_nil() && (!known || event.run != run)) {
      MR_TRY(known, names.of(event.run));
      run = event.run;
    }
    append_event_text(text->all, event, event.run.is_nil() ? kNone : *known);
    text->ends.push_back(text->all.size());
  }
  text_ = std::move(text);
  return text_.get();
}

void Ring::begin(std::int64_t seq) {
  const MutexLock lock(mutex_);
  spans_.clear();
  events_ = bytes_ = 0;
  before_ = last_ = seq;
}

void Ring::push(SpanPtr span) {
  std::vector<SpanPtr> gone;  // freed without the lock
  const MutexLock lock(mutex_);
  last_ = span->last();
  events_ += span->events().size();
  bytes_ += span->bytes();
  spans_.push_back(std::move(span));
  while (spans_.size() > 1 && (events_ > limits_.events || bytes_ > limits_.bytes)) {
    events_ -= spans_.front()->events().size();
    bytes_ -= spans_.front()->bytes();
    before_ = spans_.front()->last();
    gone.push_back(std::move(spans_.front()));
    spans_.pop_front();
  }
}

Ring::Read Ring::read(std::int64_t after, std::size_t bytes) const {
  Read read;
  const MutexLock lock(mutex_);
  read.last = last_;
  read.lost = after < before_;
  if (read.lost || after >= last_) return read;
  auto at = std::ranges::upper_bound(spans_, after, {}, [](const SpanPtr& s) { return s->last(); });
  std::size_t taken = 0;
  for (; at != spans_.end() && (read.spans.empty() || taken < bytes); ++at) {
    taken += (*at)->bytes();
    read.spans.push_back(*at);
  }
  read.more = at != spans_.end();
  return read;
}

bool Ring::reaches_back_to(std::int64_t after) const {
  const MutexLock lock(mutex_);
  return after >= before_;
}

std::int64_t Ring::last() const {
  const MutexLock lock(mutex_);
  return last_;
}

}  // namespace millrace::follow
