// The clock changes of the system's time zone database, as the C library reads it, and when a time
// of day near one of them should fire: expected values for tests of schedules.
#pragma once

#include <time.h>

#include <string>
#include <vector>

#include "engine/core/timetable.h"

namespace millrace {

constexpr std::time_t kDay = 86400;

/// The wall clock of one zone, by localtime_r. One at a time.
class LibraryClock {
 public:
  explicit LibraryClock(const std::string& zone);
  ~LibraryClock();
  LibraryClock(const LibraryClock&) = delete;
  LibraryClock& operator=(const LibraryClock&) = delete;

  long offset(std::time_t at) const;
  /// The first instants from 1970 to 2037 with another offset than the second before.
  std::vector<std::time_t> changes() const;
};

/// The zones of the database, without second names of the same rules.
std::vector<std::string> all_zones();

/// The instants within two days of `change` at which the wall clock shows `wall` (seconds since
/// 1970 as if it were UTC).
std::vector<std::time_t> instants_of(const LibraryClock& clock, std::time_t change,
                                     std::time_t wall);

/// "S M H DAY MONTH *" of a wall time.
std::string line_of(std::time_t wall);

/// `shown`: the instants at which the wall clock shows the time of day.
std::vector<std::time_t> expected_fires(DstPolicy policy, std::vector<std::time_t> shown,
                                        std::time_t change);

}  // namespace millrace
