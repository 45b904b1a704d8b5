#include "engine/exec/lease_page.h"

namespace millrace::exec {

using Nanoseconds = std::chrono::nanoseconds;

static_assert(std::atomic<std::int64_t>::is_always_lock_free);

LeasePage::LeasePage() : page_("millrace-lease") {}

LeasePage::LeasePage(int fd) : page_(fd, /*writable=*/false) {}

void LeasePage::set(SteadyTime until) {
  if (page_.get() == nullptr) return;
  const bool unlimited = until == SteadyTime::max();
  page_.get()->store(unlimited ? 0 : Nanoseconds(until.time_since_epoch()).count());
}

LeasePage::SteadyTime LeasePage::until() const {
  const std::int64_t until = page_.get() == nullptr ? 0 : page_.get()->load();
  return until == 0 ? SteadyTime::max() : SteadyTime(Nanoseconds(until));
}

}  // namespace millrace::exec
