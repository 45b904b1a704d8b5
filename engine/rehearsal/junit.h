// The cases of a rehearsal as JUnit XML, as CI servers read it.
#pragma once

#include <string>
#include <vector>

#include "engine/rehearsal/comparison.h"

namespace millrace {

/// One suite, named after the DAG. Times are virtual, in seconds.
std::string junit_xml(const std::string& dag, const std::vector<RehearsalCase>& cases);

}  // namespace millrace
