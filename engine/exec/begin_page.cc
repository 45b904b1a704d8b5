#include "engine/exec/begin_page.h"

namespace millrace::exec {

using Nanoseconds = std::chrono::nanoseconds;

BeginPage::BeginPage() : page_("millrace-begin") {}

BeginPage::BeginPage(int fd) : page_(fd, /*writable=*/true) {}

void BeginPage::give(std::size_t output, std::int64_t id) {
  (*page_.get())[output].attempt.store(id);
}

bool BeginPage::take_back(std::size_t output, std::int64_t id) {
  std::int64_t expected = id;
  return (*page_.get())[output].attempt.compare_exchange_strong(expected, 0);
}

std::optional<BeginPage::SteadyTime> BeginPage::begun(std::size_t output, std::int64_t id) const {
  const Slot& slot = (*page_.get())[output];
  if (slot.attempt.load() != -id) return std::nullopt;
  return SteadyTime(Nanoseconds(slot.begun_at.load()));
}

bool BeginPage::begin(std::size_t output, std::int64_t id) {
  Slot& slot = (*page_.get())[output];
  slot.begun_at.store(Nanoseconds(std::chrono::steady_clock::now().time_since_epoch()).count());
  std::int64_t expected = id;
  return slot.attempt.compare_exchange_strong(expected, -id);
}

}  // namespace millrace::exec
