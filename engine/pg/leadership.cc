
#include "engine/base/mutex.h"
#include "engine/pg/roles.h"
#include "engine/store/lease_sightings.h"

namespace millrace::pg {
namespace {

class PgLeadership final : public Leadership {
 public:
  explicit PgLeadership(Shared& shared) : shared_(shared) {}

  Result<std::optional<Lease>> acquire(std::string_view shard, std::string_view owner, Duration ttl,
                                       std::string_view former) override {
    const Asker asker{shard, owner, former, ttl};
    return shared_.database.run<std::optional<Lease>>(
        [&](Session& session) -> Result<std::optional<Lease>> {
          if (is_held_by_another(session, asker)) return std::optional<Lease>();
          std::optional<Lease> lease;
          session.transaction([&] {
            session.exec("make_shard", Params().add(shard));
            session.exec("lock_shard", Params().add(shard));
            if (is_held_by_another(session, asker)) return;
            const Rows taken = session.exec(
                "take_lease", Params().add(shard).add(owner).add(ttl.count()).add(now()));
            lease = Lease{taken.at(0, 0).number(), ttl};
          });
          return lease;
        });
  }

  Status renew(std::string_view shard, std::int64_t epoch, Duration ttl) override {
    return if_current(shard, epoch, "renew_lease",
                      Params().add(shard).add(epoch).add(ttl.count()).add(now()));
  }

  Status release(std::string_view shard, std::int64_t epoch) override {
    return if_current(shard, epoch, "release_lease", Params().add(shard).add(epoch));
  }

 private:
  struct Asker {
    std::string_view shard, owner, former;
    Duration ttl;
  };

  bool is_held_by_another(Session& session, const Asker& asker) {
    const Rows state = session.exec("lease_state", Params().add(asker.shard));
    if (state.empty()) return false;
    const std::string_view holder = state.at(0, 1).view();
    if (holder.empty() || holder == asker.owner || holder == asker.former) return false;
    const LeaseStamp stamp{state.at(0, 0).number(), state.at(0, 2).number()};
    const MutexLock lock(mutex_);
    return !sightings_.has_lapsed(asker.shard, asker.owner, stamp, asker.ttl, steady());
  }

  Status if_current(std::string_view shard, std::int64_t epoch, std::string_view query,
                    const Params& params) {
    return shared_.database.run<void>([&](Session& session) -> Status {
      if (!session.exec(query, params).empty()) return {};
      return make_error(ErrorCode::fenced, "epoch " + std::to_string(epoch) + " of shard '" +
                                               std::string(shard) + "' is not the current one");
    });
  }

  std::optional<Time> now() const {
    return shared_.test_clock == nullptr ? std::nullopt : std::optional(shared_.test_clock->now());
  }

  std::chrono::steady_clock::time_point steady() const {
    return shared_.test_clock == nullptr ? system_clock_.steady() : shared_.test_clock->steady();
  }

  Shared& shared_;
  const SystemClock system_clock_;
  Mutex mutex_;
  LeaseSightings sightings_ GUARDED_BY(mutex_);
};

}  // namespace

std::unique_ptr<Leadership> make_leadership(Shared& shared) {
  return std::make_unique<PgLeadership>(shared);
}

}  // namespace millrace::pg
