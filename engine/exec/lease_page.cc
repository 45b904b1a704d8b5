#include "engine/exec/lease_page.h"

#include <sys/mman.h>

namespace millrace::exec {

using Nanoseconds = std::chrono::nanoseconds;

LeasePage::LeasePage() : fd_(memfd_create("millrace-lease", MFD_CLOEXEC)) {
  if (fd_ && ftruncate(fd_.get(), sizeof(*until_)) == 0) map(fd_.get(), true);
}

LeasePage::LeasePage(int fd) { map(fd, false); }

LeasePage::~LeasePage() {
  if (until_ != nullptr) munmap(until_, sizeof(*until_));
}

void LeasePage::map(int fd, bool writable) {
  void* page =
      mmap(nullptr, sizeof(*until_), PROT_READ | (writable ? PROT_WRITE : 0), MAP_SHARED, fd, 0);
  // A new page is zero, which is what such an atomic is.
  static_assert(std::atomic<std::int64_t>::is_always_lock_free);
  if (page != MAP_FAILED) until_ = static_cast<std::atomic<std::int64_t>*>(page);
}

void LeasePage::set(SteadyTime until) {
  if (until_ == nullptr) return;
  const bool unlimited = until == SteadyTime::max();
  until_->store(unlimited ? 0 : Nanoseconds(until.time_since_epoch()).count());
}

LeasePage::SteadyTime LeasePage::until() const {
  const std::int64_t until = until_ == nullptr ? 0 : until_->load();
  return until == 0 ? SteadyTime::max() : SteadyTime(Nanoseconds(until));
}

}  // namespace millrace::exec
