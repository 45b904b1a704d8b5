#include "tests/chaos/due_dates.h"

#include <map>

namespace millrace::chaos {
namespace {

constexpr std::size_t kMostComplaints = 20;

using Epochs = std::map<Time, std::vector<std::int64_t>>;  // of the runs of a date

/// The runs around a date that has none belong to different leaders.
bool between_terms(const Epochs& epochs, Time date) {
  const auto after = epochs.upper_bound(date);
  if (after == epochs.begin() || after == epochs.end()) return false;
  return std::prev(after)->second.back() != after->second.front();
}

}  // namespace

DateComparison compare_dates(const std::string& dag, const std::vector<DatedRun>& runs,
                             const Grid& grid) {
  DateComparison out;
  const auto complain = [&](Time date, const std::string& what) {
    if (out.complaints.size() < kMostComplaints)
      out.complaints.push_back(dag + ", " + format_rfc3339(date) + ": " + what);
  };
  Epochs epochs;
  for (const auto& run : runs) epochs[run.date].push_back(run.epoch);
  for (const auto& [date, of_date] : epochs) {
    if (date < grid.first || (date - grid.first) % grid.step != Duration{0})
      complain(date, "a run, but the schedule has no such date");
    if (of_date.size() == 1) continue;
    out.doubled += static_cast<std::int64_t>(of_date.size()) - 1;
    complain(date, std::to_string(of_date.size()) + " runs");
  }
  for (Time date = grid.first; date <= grid.last; date += grid.step) {
    ++out.due;
    if (epochs.contains(date)) continue;
    if (grid.may_skip_between_terms && between_terms(epochs, date)) {
      ++out.skipped;
      continue;
    }
    ++out.missing;
    complain(date, "no run");
  }
  return out;
}

}  // namespace millrace::chaos
