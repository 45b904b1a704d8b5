#include "engine/core/backfill.h"

#include <algorithm>
#include <set>

namespace millrace {
namespace {

constexpr Duration kInstant{1};
constexpr std::size_t kDayLength = 10;  // "2026-01-31"

std::string zone_of(const Dag& dag) {
  return dag.timetable() ? dag.spec().schedule->time_zone : "UTC";
}

Error too_many() {
  return invalid_argument("a backfill has at most " + std::to_string(kMostBackfillDates) +
                          " dates; split the request");
}

/// The firings of the schedule from `first` to `last`, both included.
Status add_firings(const Timetable& timetable, Time first, Time last, std::set<Time>& to) {
  for (auto next = timetable.next(first - kInstant); next && *next <= last;
       next = timetable.next(*next)) {
    to.insert(*next);
    if (to.size() > kMostBackfillDates) return too_many();
  }
  return {};
}

Status add_range(const Dag& dag, const CreateBackfill& request, std::set<Time>& to) {
  if (!dag.timetable())
    return invalid_argument("DAG '" + dag.key().text() +
                            "' has no schedule, so a range has no dates; name them with dates");
  if (request.from.empty() || request.to.empty())
    return invalid_argument(std::string("a range needs from and to; ") +
                            (request.from.empty() ? "from" : "to") + " is missing");
  const std::string zone = zone_of(dag);
  MR_TRY(const Time first, parse_wall_time(request.from, zone));
  MR_TRY(const Time last, parse_wall_end(request.to, zone));
  if (last < first) return invalid_argument("to " + request.to + " is before from " + request.from);
  MR_CHECK(add_firings(*dag.timetable(), first, last, to));
  if (!to.empty()) return {};
  const auto next = dag.timetable()->next(last);
  return invalid_argument("the schedule '" + schedule_text(*dag.spec().schedule) +
                          "' has no date from " + request.from + " to " + request.to +
                          (next ? "; its next date is " + format_rfc3339(*next) : ""));
}

/// A date alone means the firings of the schedule on that day.
Status add_named(const Dag& dag, const std::string& text, std::set<Time>& to) {
  const std::string zone = zone_of(dag);
  MR_TRY(const Time time, parse_wall_time(text, zone));
  const std::size_t before = to.size();
  if (!dag.timetable()) {
    to.insert(time);
  } else {
    const bool is_day = text.size() == kDayLength;
    MR_TRY(const Time last, parse_wall_end(text, zone));
    const auto first = dag.timetable()->next(time - kInstant);
    if (!first || *first > last)
      return invalid_argument(text + " is " + (is_day ? "a day without a date" : "no date") +
                              " of the schedule '" + schedule_text(*dag.spec().schedule) + "'" +
                              (first ? "; the next one is " + format_rfc3339(*first) : ""));
    MR_CHECK(add_firings(*dag.timetable(), time, is_day ? last : time, to));
  }
  return to.size() > std::max(before, kMostBackfillDates) ? Status(too_many()) : Status();
}

/// Why the date gets no run; "": it gets one.
std::string why_skip(const DateFact& fact, Reprocess policy) {
  if (fact.backfill) return "waits in backfill " + fact.backfill->to_string();
  if (!fact.run) return "";
  const std::string run = "run " + fact.run->to_string();
  if (is_open(fact.status)) return run + " is open";
  const bool failed = fact.status != RunStatus::success;
  if (policy == Reprocess::all || (policy == Reprocess::failed && failed)) return "";
  return run + " ended: " + std::string(to_string(fact.status));
}

std::string why_run(const DateFact& fact) {
  if (!fact.run) return "no run";
  return "run " + fact.run->to_string() + " ended: " + std::string(to_string(fact.status));
}

}  // namespace

Result<std::vector<Time>> backfill_dates(const Dag& dag, const CreateBackfill& request, Time now) {
  const bool is_range = !request.from.empty() || !request.to.empty();
  if (is_range != request.dates.empty())
    return invalid_argument(is_range ? "a backfill has either dates, or from and to; both are given"
                                     : "a backfill needs dates, or from and to");
  std::set<Time> dates;
  if (is_range) MR_CHECK(add_range(dag, request, dates));
  for (const std::string& text : request.dates) MR_CHECK(add_named(dag, text, dates));
  if (*dates.rbegin() > now) {
    const auto last = dag.timetable() ? dag.timetable()->previous(now + kInstant) : std::nullopt;
    return invalid_argument("the date " + format_rfc3339(*dates.rbegin()) + " is still to come" +
                            (last ? "; the last date so far is " + format_rfc3339(*last) : ""));
  }
  MR_CHECK(dag.resolve_params(request.params));
  return std::vector<Time>(dates.begin(), dates.end());
}

std::vector<PlannedDate> plan_backfill(const std::vector<Time>& dates,
                                       const CreateBackfill& request, const DateFacts& facts) {
  std::vector<PlannedDate> plan;
  plan.reserve(dates.size());
  for (const Time date : dates) {
    const auto known = facts.find(date);
    const DateFact fact = known == facts.end() ? DateFact{} : known->second;
    std::string reason = why_skip(fact, request.reprocess);
    const DateAction action = reason.empty() ? DateAction::run : DateAction::skip;
    plan.push_back({date, action, reason.empty() ? why_run(fact) : std::move(reason)});
  }
  if (request.order == BackfillOrder::newest_first) std::ranges::reverse(plan);
  return plan;
}

std::vector<Time> dates_to_run(const std::vector<PlannedDate>& plan) {
  std::vector<Time> out;
  for (const PlannedDate& date : plan)
    if (date.action == DateAction::run) out.push_back(date.logical_date);
  return out;
}

Status check_not_empty(const std::vector<PlannedDate>& plan) {
  for (const PlannedDate& date : plan)
    if (date.action == DateAction::run) return {};
  return invalid_argument("no date needs a run: " + format_rfc3339(plan.front().logical_date) +
                          ": " + plan.front().reason +
                          (plan.size() > 1 ? ", and " + std::to_string(plan.size() - 1) +
                                                 " more dates are skipped; reprocess says which "
                                                 "dates run"
                                           : "; reprocess says which dates run"));
}

}  // namespace millrace
