#include "engine/sched/lease_keeper.h"

#include "engine/base/fault_point.h"
#include "engine/base/log.h"

namespace millrace {

// Our clock starts counting when the renewal is sent, the store's when it arrives: ours ends first.
// A tenth of the term is left for killing the runners.
LeaseKeeper::LeaseKeeper(Leadership& leadership, std::string shard, Lease lease, const Clock& clock,
                         std::chrono::steady_clock::time_point acquired,
                         std::function<void()> on_lost, OnHeld on_held)
    : leadership_(leadership),
      shard_(std::move(shard)),
      lease_(lease),
      clock_(clock),
      on_lost_(std::move(on_lost)),
      on_held_(std::move(on_held)),
      valid_until_(acquired + lease.ttl - lease.ttl / 10) {
  if (on_held_) on_held_(acquired + lease.ttl - lease.ttl / 10);
  renewer_.start([this] { renew_loop(); });
  guard_.start([this] { guard(); });
}

LeaseKeeper::~LeaseKeeper() {
  guard_.stop();
  renewer_.stop();
}

Status LeaseKeeper::release() {
  {
    const MutexLock lock(mutex_);
    if (!held_.exchange(false)) return {};
  }
  return leadership_.release(shard_, lease_.epoch);
}

void LeaseKeeper::renew_loop() {
  auto pause = lease_.ttl / 3;
  while (renewer_.wait(pause) && held_) {
    const auto sent = clock_.steady();
    // This may hang for as long as the network likes.
    const Status renewed = leadership_.renew(shard_, lease_.epoch, lease_.ttl);
    if (!renewed && renewed.error().code == ErrorCode::fenced) lose(renewed.error().message);
    if (renewed) pass(FaultPoint::lease_renewed);
    if (renewed) {
      const MutexLock lock(mutex_);
      valid_until_ = sent + lease_.ttl - lease_.ttl / 10;
      if (held_ && on_held_) on_held_(valid_until_);
    }
    // While the store is away: often, as long as the lease lasts.
    pause = renewed ? lease_.ttl / 3 : lease_.ttl / 20;
  }
}

void LeaseKeeper::guard() {
  while (held_) {
    const auto left = valid_until() - clock_.steady();
    if (left <= left.zero()) return lose("it ran out before it could be renewed");
    if (!guard_.wait(left)) return;  // it may have been renewed meanwhile
  }
}

std::chrono::steady_clock::time_point LeaseKeeper::valid_until() {
  const MutexLock lock(mutex_);
  return valid_until_;
}

void LeaseKeeper::lose(std::string_view reason) {
  {
    const MutexLock lock(mutex_);
    if (!held_.exchange(false)) return;
  }
  renewer_.wake();
  guard_.wake();
  log::error("leadership is lost", {{"epoch", lease_.epoch}, {"reason", reason}});
  on_lost_();
}

}  // namespace millrace
