#include "engine/core/planner/waits.h"

namespace millrace {

void Waits::add(const EventName& event, const Waiting& waiting) {
  remove(waiting.run, waiting.ref);
  const Place place{event, next_order_++};
  waiting_.emplace(place, waiting);
  place_.emplace(std::pair(waiting.run, waiting.ref), place);
}

void Waits::remove(const Uuid& run, TaskRef ref) {
  const auto found = place_.find({run, ref});
  if (found == place_.end()) return;
  waiting_.erase(found->second);
  place_.erase(found);
}

std::vector<Waiting> Waits::take(const EventName& event) {
  std::vector<Waiting> out;
  const auto first = waiting_.lower_bound({event, 0});
  auto last = first;
  for (; last != waiting_.end() && last->first.first == event; ++last) {
    place_.erase({last->second.run, last->second.ref});
    out.push_back(last->second);
  }
  waiting_.erase(first, last);
  return out;
}

}  // namespace millrace
