#include "tests/oracle/backfill_courses.h"

#include <algorithm>

namespace millrace::oracle {
namespace {

Violation wrong(const Uuid& backfill, const std::string& what) {
  return {Rule::backfills, "backfill " + backfill.to_string() + " " + what};
}
Violation wrong_table(const Uuid& backfill, const std::string& what) {
  return {Rule::projections, "backfill " + backfill.to_string() + ": " + what};
}

/// "success", or "waiting" and "cancelled" of a date without a run.
std::string expected_state(const BackfillCourse& course, std::size_t position) {
  if (position >= course.runs.size()) return course.cancelling ? "cancelled" : "waiting";
  const RunStatus status = course.status_of.at(course.runs[position]);
  return std::string(status == RunStatus::queued ? "running" : to_string(status));
}

std::string expected_state(const BackfillCourse& course) {
  if (course.ended) return course.cancelling ? "cancelled" : "completed";
  if (course.cancelling) return "cancelling";
  return course.paused ? "paused" : "running";
}

}  // namespace

int BackfillCourse::open_runs() const {
  return static_cast<int>(
      std::ranges::count_if(status_of, [](const auto& entry) { return is_open(entry.second); }));
}

Finding BackfillCourses::create(const BackfillCreated& created) {
  if (created.dates.empty()) return wrong(created.backfill, "has no date");
  const std::set<Time> once(created.dates.begin(), created.dates.end());
  if (once.size() != created.dates.size()) return wrong(created.backfill, "has a date twice");
  const bool newest_first = created.order == BackfillOrder::newest_first;
  if (newest_first ? !std::ranges::is_sorted(created.dates, std::greater())
                   : !std::ranges::is_sorted(created.dates))
    return wrong(created.backfill, "has dates that are out of order");
  if (!courses_.emplace(created.backfill, BackfillCourse{created, {}, {}}).second)
    return wrong(created.backfill, "is created a second time");
  return {};
}

Finding BackfillCourses::pause(const BackfillPaused& paused) {
  const auto found = courses_.find(paused.backfill);
  if (found == courses_.end() || found->second.ended)
    return wrong(paused.backfill, "is paused or resumed while it is not open");
  if (found->second.paused == paused.paused) return wrong(paused.backfill, "is paused twice");
  found->second.paused = paused.paused;
  return {};
}

Finding BackfillCourses::cancel(const BackfillCancelRequested& asked) {
  const auto found = courses_.find(asked.backfill);
  if (found == courses_.end() || found->second.ended || found->second.cancelling)
    return wrong(asked.backfill, "is cancelled while it is not open");
  found->second.cancelling = true;
  return {};
}

Finding BackfillCourses::start(const Uuid& run, const RunCreated& created) {
  const Uuid& id = *created.backfill;
  const auto found = courses_.find(id);
  if (found == courses_.end()) return wrong(id, "was never created, and has a run");
  BackfillCourse& course = found->second;
  if (created.type != RunType::backfill || created.dag != course.created.dag)
    return wrong(id, "has a run of another kind or DAG");
  if (course.ended) return wrong(id, "starts a run after its end");
  if (course.cancelling) return wrong(id, "starts a run after its cancellation");
  if (course.paused) return wrong(id, "starts a run while it is paused");
  const std::size_t next = course.runs.size();
  if (next >= course.created.dates.size() || created.logical_date != course.created.dates[next])
    return wrong(id, "starts a run of a date whose turn it is not");
  if (course.open_runs() >= course.created.max_active_runs)
    return wrong(id, "starts a run while " + std::to_string(course.open_runs()) + " are open");
  course.runs.push_back(run);
  course.status_of[run] = RunStatus::running;
  return {};
}

void BackfillCourses::note(const Uuid& run, const RunCreated& created, RunStatus status) {
  if (!created.backfill) return;
  if (const auto found = courses_.find(*created.backfill); found != courses_.end())
    found->second.status_of[run] = status;
}

Finding BackfillCourses::end(const BackfillEnded& ended) {
  const auto found = courses_.find(ended.backfill);
  if (found == courses_.end() || found->second.ended)
    return wrong(ended.backfill, "ends while it is not open");
  BackfillCourse& course = found->second;
  if (course.open_runs() > 0) return wrong(ended.backfill, "ends while a run of it is open");
  const bool is_cancelled = ended.state == BackfillState::cancelled;
  if (is_cancelled != course.cancelling)
    return wrong(ended.backfill, "ends as " + std::string(millrace::name_of(ended.state)));
  if (!is_cancelled && course.runs.size() < course.created.dates.size())
    return wrong(ended.backfill, "ends with dates that have no run");
  course.ended = true;
  return {};
}

Finding BackfillCourses::unfinished(const std::set<DagKey>& startable) const {
  for (const auto& [id, course] : courses_) {
    if (course.ended) continue;
    const bool is_done = course.cancelling || course.runs.size() == course.created.dates.size();
    if (is_done || (!course.paused && startable.contains(course.created.dag)))
      return wrong(id, "did not end");
  }
  return {};
}

Finding BackfillCourses::compare(BackfillReader& backfills) const {
  for (const auto& [id, course] : courses_) {
    const auto row = backfills.backfill(id);
    if (!row) return wrong_table(id, "its row is missing");
    if (millrace::name_of(row->state) != expected_state(course))
      return wrong_table(id, "is " + std::string(millrace::name_of(row->state)) + ", and not " +
                                 expected_state(course));
    const auto dates = backfills.dates(id, 0, course.created.dates.size() + 1);
    if (!dates || dates->size() != course.created.dates.size())
      return wrong_table(id, "its dates differ");
    for (std::size_t i = 0; i < dates->size(); ++i) {
      const BackfillDateRow& date = (*dates)[i];
      const auto run = i < course.runs.size() ? std::optional(course.runs[i]) : std::nullopt;
      if (date.logical_date != course.created.dates[i] || date.run != run ||
          millrace::name_of(date.state) != expected_state(course, i))
        return wrong_table(id, "date " + std::to_string(i) + " differs");
    }
  }
  return {};
}

}  // namespace millrace::oracle
