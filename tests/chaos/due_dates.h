// The dates of a fixed grid that are due, against the runs that the journal has for them. Pure, and
// independent of the engine's timetables.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "engine/base/time.h"

namespace millrace::chaos {

/// A scheduled run: its logical date, and the epoch of the leader that created it.
struct DatedRun {
  Time date{};
  std::int64_t epoch = 0;
};

/// Every `step` from `first` to `last`, both included.
struct Grid {
  Time first{}, last{};
  std::chrono::seconds step{1};
  /// The schedule has no catchup: dates between the last run of one leader and the first run of the
  /// next may be left out.
  bool may_skip_between_terms = false;
};

struct DateComparison {
  std::int64_t due = 0, missing = 0, doubled = 0;
  std::int64_t skipped = 0;             // between two terms, where the grid allows it
  std::vector<std::string> complaints;  // at most 20; a missing, doubled or wrong date each
};

/// Runs after `last` are checked for their place on the grid only.
DateComparison compare_dates(const std::string& dag, const std::vector<DatedRun>& runs,
                             const Grid& grid);

}  // namespace millrace::chaos
