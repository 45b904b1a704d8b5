#include "engine/pg/history.h"

#include <algorithm>

#include "engine/base/duration.h"
#include "engine/base/log.h"
#include "engine/pg/session.h"

namespace millrace {
namespace {

using pg::Params;
using pg::RowReader;
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
constexpr Duration kLookEvery = minutes{1}, kSweepEvery = hours{1};
constexpr Duration kLeadEvery = seconds{1};  // how soon a new leader looks

Time full_hour(Time time) { return Time{std::chrono::floor<hours>(time.time_since_epoch())}; }

}  // namespace

Duration period_width(const Retention& retention) {
  if (!retention) return kLongest;
  return std::clamp(*retention / kPeriodsPerRetention, kShortest, kLongest);
}

std::optional<Time> History::cut() const {
  return retention_ ? std::optional(clock_.now() - *retention_) : std::nullopt;
}

Result<History::Upkeep> History::keep() {
  Upkeep done;
  MR_TRY(done.periods_added, add_periods());
  MR_TRY(const auto old, expired());
  for (const int number : old) {
    MR_CHECK(drop(number));
    done.periods_dropped.push_back(number);
  }
  return done;
}

/// Until the one after the present one is there.
Result<int> History::add_periods() {
  const Duration width = period_width(retention_);
  return database_.run<int>([&](Session& session) -> Result<int> {
    int added = 0;
    for (;; ++added) {
      const Rows last = session.exec("last_period");
      const Time now = clock_.now(), end = last.at(0, 1).time();
      if (end >= now + width) return added;
      session.transaction([&] {
        session.exec("upkeep_begins");
        session.exec(
            "add_period",
            Params().add(last.at(0, 0).number()).add(full_hour(std::max(end, now) + width)));
      });
    }
  });
}

Result<std::vector<int>> History::expired() {
  const auto before = cut();
  if (!before) return std::vector<int>();
  return database_.run<std::vector<int>>([&](Session& session) -> Result<std::vector<int>> {
    const Rows rows = session.exec("periods_until", Params().add(*before));
    std::vector<int> numbers;
    for (std::size_t i = 0; i < rows.size(); ++i) numbers.push_back(rows.at(i, 0).small());
    return numbers;
  });
}

Status History::drop(int number) {
  const auto began = clock_.steady();
  const auto before = cut();
  MR_CHECK(database_.run<void>([&](Session& session) -> Status {
    session.transaction([&] {
      session.exec("upkeep_begins");
      session.exec("drop_period", Params().add(number).add(before));
    });
    return {};
  }));
  const auto took = std::chrono::duration_cast<Duration>(clock_.steady() - began);
  log::info("a period of history was dropped", {{"period", number},
                                                {"ended_before", format_rfc3339(*before)},
                                                {"took_ms", took.count() / 1000}});
  return {};
}

Status History::sweep() {
  const auto before = cut();
  if (!before) return {};
  return database_.run<void>([&](Session& session) -> Status {
    const Params runs = Params().add(*before).add(kRunsPerSweep);
    while (session.exec("forget_runs", runs).at(0, 0).number() == kRunsPerSweep) {
    }
    session.exec("forget_strays", Params().add(*before));
    const Params keys = Params().add(*before).add(kKeysPerSweep);
    for (const auto* query : {"forget_command_keys", "forget_scheduled_runs"})
      while (session.exec(query, keys).affected() == kKeysPerSweep) {
      }
    return {};
  });
}

Result<std::vector<Period>> History::periods() {
  return database_.run<std::vector<Period>>([](Session& session) -> Result<std::vector<Period>> {
    const Rows rows = session.exec("list_periods");
    std::vector<Period> out;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      RowReader in(rows, i);
      Period period;
      period.number = in.next().small();
      period.starts = in.next().maybe_time();
      period.ends = in.next().time();
      period.dropped_at = in.next().maybe_time();
      period.bytes = in.next().number();
      period.runs = in.next().number();
      period.tasks = in.next().number();
      out.push_back(period);
    }
    return out;
  });
}

// --- the thread ---

HistoryKeeper::HistoryKeeper(Database& database, const Clock& clock, Retention retention,
                             std::function<bool()> leads)
    : clock_(clock),
      history_(database, clock, retention),
      leads_(std::move(leads)),
      thread_([this] { run(); }) {}

HistoryKeeper::~HistoryKeeper() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    changed_.notify_all();
  }
  thread_.join();
}

void HistoryKeeper::run() {
  std::unique_lock lock(mutex_);
  while (!changed_.wait_for(lock, kLeadEvery, [&] { return stopping_; })) {
    lock.unlock();
    if (!leads_())
      looked_.reset();
    else if (!looked_ || clock_.steady() - *looked_ >= kLookEvery)
      look();
    lock.lock();
  }
}

void HistoryKeeper::look() {
  const auto began = clock_.steady();
  looked_ = began;
  const auto kept = history_.keep();
  if (!kept) {
    ++metrics_.failures;
    log::warning("history could not be kept; trying again in a minute",
                 {{"error", kept.error().message}});
    return;
  }
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
