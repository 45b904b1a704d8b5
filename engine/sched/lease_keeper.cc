#include "engine/sched/lease_keeper.h"

#include "engine/base/fault_point.h"
#include "engine/base/log.h"

namespace millrace {

// Our clock starts counting when the renewal is sent, the store's when it arrives: ours ends first.
// A tenth of the term is left for killing the runners.
LeaseKeeper::LeaseKeeper(Leadership& leadership, std::string shard, Lease lease, const Clock& clock,
                         std::chrono::steady_clock::time_point acquired,
                         std::function<void()> on_lost)
    : leadership_(leadership),
      shard_(std::move(shard)),
      lease_(lease),
      clock_(clock),
      valid_until_(acquired + lease.ttl - lease.ttl / 10),
      on_lost_(std::move(on_lost)),
      thread_([this] { run(); }) {}

LeaseKeeper::~LeaseKeeper() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  stop_.notify_all();
  thread_.join();
}

void LeaseKeeper::run() {
  auto pause = lease_.ttl / 3;
  std::unique_lock lock(mutex_);
  while (!stop_.wait_for(lock, pause, [this] { return stopping_; })) {
    const auto sent = clock_.steady();
    const Status renewed = leadership_.renew(shard_, lease_.epoch, lease_.ttl);
    if (renewed.ok()) {
      pass(FaultPoint::lease_renewed);
      valid_until_ = sent + lease_.ttl - lease_.ttl / 10;
      pause = lease_.ttl / 3;
      continue;
    }
    const bool superseded = renewed.error().code == ErrorCode::fenced;
    if (superseded || clock_.steady() >= valid_until_) {
      held_ = false;
      log::error("leadership is lost",
                 {{"epoch", lease_.epoch}, {"reason", renewed.error().message}});
      on_lost_();
      return;
    }
    pause = lease_.ttl / 20;  // the store is away: try often while the lease lasts
  }
}

}  // namespace millrace
