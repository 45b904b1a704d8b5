// Whether a rehearsal went as expected: by the runs that the outcomes file expects, or without
// these, by the runs that failed. Pure.
#pragma once

#include <string>
#include <vector>

#include "engine/base/time.h"
#include "engine/rehearsal/rehearsal.h"
#include "engine/spec/outcomes_file.h"

namespace millrace {

/// One expected run, or one run if none is expected.
struct RehearsalCase {
  std::string name;                      // its logical date
  Duration took{};                       // in virtual time; zero without a run
  std::vector<std::string> differences;  // empty: as expected
  int line = 0;                          // in the outcomes file; 0: it does not name this run
};

/// Outcomes for a date that has no run are a case of their own, which differs: the date is a
/// mistake.
std::vector<RehearsalCase> compare(const Rehearsal& rehearsal, const GivenOutcomes& given);

}  // namespace millrace
