#include "engine/base/subscription.h"

#include <algorithm>

namespace millrace::detail {
namespace {

/// The callbacks that run on this thread, the innermost last.
thread_local std::vector<const CallGate*> t_running;

}  // namespace

bool CallGate::enter() {
  {
    const MutexLock lock(mutex_);
    if (ended_) return false;
    ++calls_;
  }
  t_running.push_back(this);
  return true;
}

void CallGate::leave() {
  t_running.pop_back();
  const MutexLock lock(mutex_);
  --calls_;
  if (ended_) left_.notify_all();
}

void CallGate::end() {
  const auto own = std::ranges::count(t_running, this);
  MutexLock lock(mutex_);
  ended_ = true;
  left_.wait(lock, [&]() REQUIRES(mutex_) { return calls_ == own; });
}

}  // namespace millrace::detail
