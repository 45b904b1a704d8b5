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
  if (on_held_) on_held_(valid_until_);
  renewer_ = std::thread([this] { renew_again_and_again(); });
  guard_ = std::thread([this] { guard(); });
}

LeaseKeeper::~LeaseKeeper() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  renewer_.join();
  guard_.join();
}

void LeaseKeeper::renew_again_and_again() {
  auto pause = lease_.ttl / 3;
  std::unique_lock lock(mutex_);
  while (!changed_.wait_for(lock, pause, [this] { return stopping_ || !held_; })) {
    lock.unlock();  // this may hang for as long as the network likes
    const auto sent = clock_.steady();
    const Status renewed = leadership_.renew(shard_, lease_.epoch, lease_.ttl);
    if (!renewed && renewed.error().code == ErrorCode::fenced) lose(renewed.error().message);
    if (renewed) pass(FaultPoint::lease_renewed);
    lock.lock();
    if (renewed) valid_until_ = sent + lease_.ttl - lease_.ttl / 10;
    if (renewed && held_ && on_held_) on_held_(valid_until_);
    // While the store is away: often, as long as the lease lasts.
    pause = renewed ? lease_.ttl / 3 : lease_.ttl / 20;
  }
}

void LeaseKeeper::guard() {
  std::unique_lock lock(mutex_);
  while (!stopping_ && held_) {
    const auto left = valid_until_ - clock_.steady();
    if (left > left.zero()) {
      changed_.wait_for(lock, left, [this] { return stopping_ || !held_; });
      continue;  // it may have been renewed meanwhile
    }
    lock.unlock();
    lose("it ran out before it could be renewed");
    return;
  }
}

void LeaseKeeper::lose(std::string_view reason) {
  {
    const std::lock_guard lock(mutex_);
    if (!held_.exchange(false)) return;
  }
  changed_.notify_all();
  log::error("leadership is lost", {{"epoch", lease_.epoch}, {"reason", reason}});
  on_lost_();
}

}  // namespace millrace
