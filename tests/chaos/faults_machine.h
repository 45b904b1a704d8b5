// Faults of the machine below: a clock that somebody sets, a disk that is full.
#pragma once

#include "tests/chaos/faults.h"

namespace millrace::chaos {

std::vector<Fault> machine_faults();

}  // namespace millrace::chaos
