#include "engine/store/mem_state.h"

namespace millrace::mem {
namespace {

class MemLeadership final : public Leadership {
 public:
  explicit MemLeadership(State& state) : state_(state) {}

  Result<std::optional<Lease>> acquire(std::string_view shard, std::string_view owner, Duration ttl,
                                       std::string_view former) override {
    return call(state_, "leadership.acquire", [&](Callbacks&) -> Result<std::optional<Lease>> {
      HeldLease& held = state_.leases[std::string(shard)];
      const bool is_anothers = !held.owner.empty() && held.owner != owner && held.owner != former;
      if (is_anothers && !state_.lease_sightings.has_lapsed(
                             shard, owner, {held.epoch, held.renewals}, ttl, state_.clock.steady()))
        return std::optional<Lease>();
      held = {held.epoch + 1, std::string(owner), 0};
      return std::optional(Lease{held.epoch, ttl});
    });
  }
  Status renew(std::string_view shard, std::int64_t epoch, Duration) override {
    return call(state_, "leadership.renew", [&](Callbacks&) -> Status {
      MR_TRY(HeldLease * held, current(shard, epoch));
      ++held->renewals;
      return {};
    });
  }
  Status release(std::string_view shard, std::int64_t epoch) override {
    return call(state_, "leadership.release", [&](Callbacks&) -> Status {
      MR_TRY(HeldLease * held, current(shard, epoch));
      *held = {held->epoch + 1, "",
               0};  // a number that no engine holds: the released one is fenced from here on
      return {};
    });
  }

 private:
  Result<HeldLease*> current(std::string_view shard, std::int64_t epoch) {
    const auto held = state_.leases.find(shard);
    if (held == state_.leases.end() || held->second.epoch != epoch || held->second.owner.empty())
      return make_error(ErrorCode::fenced, "epoch " + std::to_string(epoch) + " of shard '" +
                                               std::string(shard) + "' is not the current one");
    return &held->second;
  }

  State& state_;
};

}  // namespace

std::unique_ptr<Leadership> make_leadership(State& state) {
  return std::make_unique<MemLeadership>(state);
}

}  // namespace millrace::mem
