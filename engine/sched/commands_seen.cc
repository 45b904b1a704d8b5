#include "engine/sched/commands_seen.h"

namespace millrace {

CommandsSeen::HandOver CommandsSeen::hand_over(const Uuid& command, TimePoint asked,
                                               TimePoint now) {
  if (asked <= since_ || now - asked >= kLongest) return HandOver::too_late;
  if (read_.contains(command)) return HandOver::seen;
  unanswered_.insert(command);
  return HandOver::take;
}

bool CommandsSeen::read(const Uuid& command, TimePoint now) {
  if (unanswered_.contains(command)) return false;
  // Submitted before it was read, so that a hand-over of it from now on is too late after this
  // long.
  for (; !read_in_order_.empty() && now - read_in_order_.front().first > kLongest;
       read_in_order_.pop_front())
    read_.erase(read_in_order_.front().second);
  if (read_.insert(command).second) read_in_order_.emplace_back(now, command);
  return true;
}

}  // namespace millrace
