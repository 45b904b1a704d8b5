#include "engine/cluster/health.h"

#include <algorithm>
#include <cmath>

#include "engine/base/duration.h"
#include "engine/pg/history.h"
#include "engine/pg/session.h"
#include "engine/store/store.h"

namespace millrace {
namespace {

constexpr Duration kDatedAhead = std::chrono::minutes{1};

using pg::Params;
using pg::Rows;
using pg::Session;

/// To the second: people do not need microseconds here.
std::string about(Duration duration) {
  return format_duration(std::chrono::round<std::chrono::seconds>(duration));
}

Duration of_seconds(double seconds) {
  return std::isfinite(seconds) ? Duration(static_cast<std::int64_t>(seconds * 1e6))
                                : Duration::max();
}

HealthFinding check_durability(const Rows& settings) {
  const auto off = [&](std::size_t column) { return settings.at(0, column).view() == "off"; };
  if (settings.at(0, 0).flag())
    return {"server", false,
            "it takes no writes: it is a standby, or default_transaction_read_only is on; name the "
            "primary with --db"};
  for (const auto& [column, name] :
       {std::pair{1, "fsync"}, {2, "full_page_writes"}, {3, "synchronous_commit"}})
    if (off(static_cast<std::size_t>(column)))
      return {"server", false,
              std::string(name) +
                  " is off: what is reported as done could be lost with the power; "
                  "set it to on"};
  return {"server", true, "takes writes, and keeps what it has confirmed"};
}

HealthFinding check_clocks(const Rows& settings, const Clock& clock, const HealthLimits& limits) {
  const Duration ahead = settings.at(0, 4).time() - clock.now();
  const Duration apart = ahead < Duration::zero() ? -ahead : ahead;
  if (apart <= limits.clock_difference) return {"clocks", true, "agree with PostgreSQL's"};
  return {"clocks", false,
          "PostgreSQL's is " + about(apart) + (ahead > Duration::zero() ? " ahead of" : " behind") +
              " this machine's: schedules and deadlines go by the engine's, the lease by "
              "PostgreSQL's; keep both set by NTP (chrony, systemd-timesyncd)"};
}

HealthFinding check_leader(Session& session, const HealthLimits& limits) {
  const Rows leader = session.exec("health_leader", Params().add(kMainShard));
  if (leader.empty()) return {"leader", true, "no engine has led yet: 'millrace up' starts one"};
  const std::string owner = leader.at(0, 1).text();
  const Duration left{leader.at(0, 3).number()};
  if (owner.empty())
    return {"leader", true, "none: the last one was stopped; 'millrace up' starts an engine"};
  if (left > limits.longest_lease)
    return {"leader", false,
            "the lease of " + owner + " ends only in " + about(left) +
                ": PostgreSQL's clock was set back under it, and that engine has not renewed it "
                "since; start an engine, which takes it over: millrace up"};
  if (left <= Duration::zero())
    return {
        "leader", false,
        "none since " + about(-left) + ": " + owner +
            " has not renewed its lease. It died, hangs, is stopped (SIGSTOP), or does not reach "
            "PostgreSQL; its log says which. Start an engine: millrace up"};
  return {"leader", true, owner + ", epoch " + std::to_string(leader.at(0, 0).number())};
}

HealthFinding check_inbox(Session& session, const HealthLimits& limits) {
  const Rows oldest = session.exec("health_inbox");
  if (oldest.at(0, 0).is_null()) return {"inbox", true, "no command waits"};
  const Duration waited = of_seconds(oldest.at(0, 0).real());
  if (waited <= limits.oldest_command) return {"inbox", true, "commands are being answered"};
  return {"inbox", false,
          "a command has been waiting for " + about(waited) +
              ": no engine leads, or the leader does not get on; its log says why"};
}

HealthFinding check_connections(Session& session, const HealthLimits& limits) {
  const Rows rows = session.exec("health_connections");
  const std::int64_t used = rows.at(0, 0).number(), allowed = rows.at(0, 1).number();
  const std::string share = std::to_string(used) + " of " + std::to_string(allowed) + " in use";
  if (static_cast<double>(used) < limits.connections_in_use * static_cast<double>(allowed))
    return {"connections", true, share};
  return {
      "connections", false,
      share + ", most of them by '" + rows.at(0, 2).text() +
          "': an engine that needs one more waits or loses its lease; end what is idle, or raise "
          "max_connections"};
}

HealthFinding check_transactions(Session& session, const HealthLimits& limits) {
  const Rows oldest = session.exec("health_oldest");
  if (oldest.empty()) return {"transactions", true, "none keeps PostgreSQL from clearing up"};
  const double seconds = oldest.at(0, 1).real();
  if (of_seconds(seconds) <= limits.oldest_transaction)
    return {"transactions", true, "none is old"};
  return {
      "transactions", false,
      oldest.at(0, 0).text() + " has been open for " +
          (std::isfinite(seconds) ? about(of_seconds(seconds)) : "an unknown time") +
          ": until it ends, PostgreSQL cannot remove dead rows; end it: " + oldest.at(0, 2).text()};
}

/// What a clock that was wrong has left, and whether history may be dropped.
HealthFinding check_history(Session& session) {
  if (!session.exec("health_knows_history").at(0, 0).flag())
    return {"history", true, "of an older schema; 'millrace up' upgrades it"};
  const Rows rows = session.exec("health_history");
  const Duration agreed{rows.at(0, 0).number()}, since{rows.at(0, 1).number()};
  const Duration ahead{rows.at(0, 2).is_null() ? 0 : rows.at(0, 2).number()};
  const std::int64_t future = rows.at(0, 3).number();
  if (since < -kDatedAhead || ahead > kDatedAhead)
    return {"history", false,
            "PostgreSQL's clock is " + about(std::max(ahead, -since)) +
                " behind what it has shown before: it was set, or is wrong now; check it (NTP). "
                "No history is dropped, and schedules wait, until it is right"};
  if (future > 0)
    return {"history", false,
            std::to_string(future) + (future == 1000 ? " runs or more are" : " runs are") +
                " dated in the future, since the clock was wrong when they were created; they are "
                "listed first until that time has come"};
  if (agreed < kTrustedAfter)
    return {"history", true,
            "the clock was set or not watched; with a retention, periods are dropped again when "
            "an engine has watched it for another " +
                about(kTrustedAfter - agreed)};
  return {"history", true, "the clock is trusted; with a retention, old periods are dropped"};
}

}  // namespace

Result<std::vector<HealthFinding>> examine(Database& database, const Clock& clock,
                                           const HealthLimits& limits) {
  return database.run<std::vector<HealthFinding>>(
      [&](Session& session) -> Result<std::vector<HealthFinding>> {
        if (session.exec("migrate_is_new").at(0, 0).flag())
          return not_found("there is no Millrace in it yet: 'millrace up' makes it");
        const Rows settings = session.exec("health_settings");
        return std::vector<HealthFinding>{check_durability(settings),
                                          check_clocks(settings, clock, limits),
                                          check_leader(session, limits),
                                          check_inbox(session, limits),
                                          check_connections(session, limits),
                                          check_transactions(session, limits),
                                          check_history(session)};
      });
}

}  // namespace millrace
