#include "engine/pg/history.h"

#include <algorithm>

#include "engine/base/duration.h"
#include "engine/base/log.h"
#include "engine/pg/row_reader.h"

namespace millrace {
namespace {

using pg::Params;
using pg::Rows;
using pg::Session;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

// Every partition costs a query that looks at all of them a little, and a period is dropped only
// once all of it is too old: a dozen at a time, at most a month each.
constexpr int kPeriodsPerRetention = 8;
constexpr Duration kShortest = hours{1}, kLongest = hours{24 * 30};

constexpr int kRunsPerSweep = 1000, kKeysPerSweep = 10'000;
constexpr Duration kSweepEvery = hours{1};

/// Clocks that differ by less agree. NTP corrects more than that only by setting the clock.
constexpr Duration kClockSlack = minutes{1};
/// So long after it was last compared, a clock may have been set while no engine looked.
constexpr Duration kLongestRestart = minutes{10};
/// What an engine makes ahead, so that a night without a leader finds its periods as well.
constexpr Duration kLeastAhead = hours{12};
/// More periods are not made at once, nor a wider one, while the clock is not trusted: if it is
/// wrong, what is written later under the right time must not lie in one endless period.
constexpr int kMostAtOnce = 2 * kPeriodsPerRetention;
constexpr Duration kWidestOnDistrust = hours{48};

Time full_hour(Time time) { return Time{std::chrono::floor<hours>(time.time_since_epoch())}; }

Duration apart(Time one, Time other) { return one < other ? other - one : one - other; }

std::string about(Duration duration) {
  return format_duration(std::chrono::round<seconds>(duration));
}

/// The end of the period that follows one which ends at `end`; nullopt: none is needed, or none can
/// be made before the clock is trusted.
std::optional<Time> next_end(Time end, Time now, Duration width, bool trusted) {
  if (end >= now + std::max(2 * width, kLeastAhead)) return std::nullopt;
  if (now - end <= kMostAtOnce * width) return full_hour(end + width);
  // Nothing ran for long: one period covers all of that time.
  if (!trusted && now - end > kWidestOnDistrust) return std::nullopt;
  return full_hour(now);
}

}  // namespace

Duration period_width(const Retention& retention) {
  if (!retention) return kLongest;
  return std::clamp(*retention / kPeriodsPerRetention, kShortest, kLongest);
}

HistoryClock compare(HistoryClock clock, Time now, std::optional<Duration> elapsed) {
  const Duration passed = now - clock.seen;
  clock.seen = now;
  if (elapsed) {
    const Duration off = passed > *elapsed ? passed - *elapsed : *elapsed - passed;
    if (off > kClockSlack) {
      clock.agreed = {};
      return clock;
    }
    clock.agreed += *elapsed;
    clock.since_drop += *elapsed;
    return clock;
  }
  // Whether the clock was set while no engine ran is unknown. Of a machine that rests at night,
  // the hours of a few days are put together.
  const bool was_trusted = clock.agreed >= kTrustedAfter;
  if (passed < -kClockSlack || (was_trusted && passed > kLongestRestart)) clock.agreed = {};
  return clock;
}

Result<HistoryLook> History::look() {
  return database_.run<HistoryLook>([&](Session& session) -> Result<HistoryLook> {
    const std::optional<Time> now =
        test_clock_ == nullptr ? std::nullopt : std::optional(test_clock_->now());
    return pg::read_rows<HistoryLook>(session, "history_clock", Params().add(now)).at(0);
  });
}

Result<HistoryLook> History::compare_clocks() {
  const auto steady = clock_.steady();
  std::optional<Duration> elapsed;
  if (compared_) elapsed = std::chrono::duration_cast<Duration>(steady - *compared_);
  MR_TRY(HistoryLook out, look());
  const Duration before = out.clock.since_drop;
  out.clock = compare(out.clock, out.now, elapsed);
  if (apart(out.now, clock_.now()) > kClockSlack) out.clock.agreed = {};
  MR_CHECK(database_.run<void>([&](Session& session) -> Status {
    session.exec("note_history_clock", Params()
                                           .add(out.clock.seen)
                                           .add(out.clock.agreed.count())
                                           .add((out.clock.since_drop - before).count()));
    return {};
  }));
  compared_ = steady;
  return out;
}

Result<std::string> History::distrust() {
  MR_TRY(HistoryLook look, this->look());
  look.clock = compare(look.clock, look.now, std::nullopt);
  return distrust(look);
}

std::string History::distrust(const HistoryLook& look) const {
  if (const Duration off = apart(look.now, clock_.now()); off > kClockSlack)
    return "this machine's clock and PostgreSQL's differ by " + about(off);
  if (look.newest_event && *look.newest_event > look.now + kClockSlack)
    return "the newest event is " + about(*look.newest_event - look.now) +
           " ahead of PostgreSQL's clock";
  if (look.clock.agreed < kTrustedAfter)
    return "the clock was set or was not watched; it is trusted again when it has agreed with "
           "steady time for another " +
           about(kTrustedAfter - look.clock.agreed);
  return "";
}

Result<History::Upkeep> History::keep() {
  Upkeep done;
  MR_TRY(const HistoryLook look, compare_clocks());
  MR_TRY(done.periods_added, add_periods());
  done.distrust = distrust(look);
  if (!retention_ || !done.distrust.empty() || look.clock.since_drop < between_drops()) return done;
  MR_TRY(const auto old, expired());
  if (old.empty()) return done;
  MR_TRY(const bool dropped, drop(old.front(), std::min(look.now, clock_.now()) - *retention_));
  if (dropped) done.periods_dropped.push_back(old.front());
  return done;
}

Result<int> History::add_periods() {
  const Duration width = period_width(retention_);
  MR_TRY(HistoryLook look, this->look());
  look.clock = compare(look.clock, look.now, std::nullopt);
  const bool trusted = distrust(look).empty();
  return database_.run<int>([&](Session& session) -> Result<int> {
    for (int added = 0;; ++added) {
      const Rows last = session.exec("last_period");
      const auto end = next_end(last.at(0, 1).time(), look.now, width, trusted);
      if (!end) return added;
      session.transaction([&] {
        session.exec("upkeep_begins");
        session.exec("add_period", Params().add(last.at(0, 0).number()).add(*end));
      });
    }
  });
}

Result<std::vector<int>> History::expired() {
  if (!retention_) return std::vector<int>();
  MR_TRY(const HistoryLook look, this->look());
  const Time before = std::min(look.now, clock_.now()) - *retention_;
  return database_.run<std::vector<int>>([&](Session& session) -> Result<std::vector<int>> {
    return pg::read_rows<int>(session, "periods_until", Params().add(before));
  });
}

/// A little less than a period, so that drops do not fall behind.
Duration History::between_drops() const {
  const Duration width = period_width(retention_);
  return width - width / 20;
}

/// False: another engine has just dropped one.
Result<bool> History::drop(int number, Time cut) {
  const auto began = clock_.steady();
  bool claimed = false;
  MR_CHECK(database_.run<void>([&](Session& session) -> Status {
    session.transaction([&] {
      session.exec("upkeep_begins");
      claimed = !session.exec("claim_drop", Params().add(between_drops().count())).empty();
      if (claimed) session.exec("drop_period", Params().add(number).add(cut));
    });
    return {};
  }));
  if (!claimed) return false;
  const auto took = std::chrono::duration_cast<Duration>(clock_.steady() - began);
  log::info("a period of history was dropped", {{"period", number},
                                                {"ended_before", format_rfc3339(cut)},
                                                {"took_ms", took.count() / 1000}});
  return true;
}

Status History::sweep() {
  if (!retention_) return {};
  MR_TRY(HistoryLook look, this->look());
  look.clock = compare(look.clock, look.now, std::nullopt);
  if (!distrust(look).empty() || !look.newest_dropped_end) return {};
  const Time before =
      std::min({look.now - *retention_, clock_.now() - *retention_, *look.newest_dropped_end});
  return database_.run<void>([&](Session& session) -> Status {
    const Params runs = Params().add(before).add(kRunsPerSweep);
    while (session.exec("forget_runs", runs).at(0, 0).number() == kRunsPerSweep) {
    }
    session.exec("forget_strays", Params().add(before));
    const Params keys = Params().add(before).add(kKeysPerSweep);
    while (session.exec("forget_command_keys", keys).affected() == kKeysPerSweep) {
    }
    const Params backfills = Params().add(before).add(kRunsPerSweep);
    while (session.exec("forget_backfills", backfills).affected() == kRunsPerSweep) {
    }
    const Params dates = Params().add(before).add(kKeysPerSweep).add(look.now);
    while (session.exec("forget_scheduled_runs", dates).affected() == kKeysPerSweep) {
    }
    return {};
  });
}

Result<std::vector<Period>> History::periods() {
  return database_.run<std::vector<Period>>([](Session& session) -> Result<std::vector<Period>> {
    return pg::read_rows<Period>(session, "list_periods");
  });
}

// --- the leader's upkeep ---

void HistoryKeeper::look() {
  const auto began = clock_.steady();
  const auto kept = history_.keep();
  if (!kept) {
    ++metrics_.failures;
    log::warning("history could not be kept; trying again in a minute",
                 {{"error", kept.error().message}});
    return;
  }
  if (history_.drops() && kept->distrust.empty() != distrust_.empty())
    log::info(kept->distrust.empty() ? "history is dropped again: the clock is trusted"
                                     : "no history is dropped at present",
              {{"reason", kept->distrust}});
  distrust_ = kept->distrust;
  metrics_.periods_dropped += static_cast<std::int64_t>(kept->periods_dropped.size());
  if (!kept->periods_dropped.empty())
    metrics_.drop_us += std::chrono::duration_cast<Duration>(clock_.steady() - began).count();
  else if (swept_ && began - *swept_ < kSweepEvery)
    return;
  swept_ = began;
  if (const auto swept = history_.sweep(); !swept) {
    ++metrics_.failures;
    log::warning("what outlived its period could not be removed; trying again in an hour",
                 {{"error", swept.error().message}});
  }
}

}  // namespace millrace
