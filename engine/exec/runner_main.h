// runner_main: what a runner process does with its life. The engine starts it (RunnerPool); it
// takes attempts from the socket on descriptor 3, carries them out one at a time, and ends when the
// engine does, together with every process that an attempt left behind.
#pragma once

#include "engine/base/clock.h"
#include "engine/op/catalog.h"

namespace millrace {

/// Blocks until the engine lets go; the value is the process's exit code (2: not started by an
/// engine). Call from `main`, before other threads exist.
int runner_main(const Catalog& catalog, Artifacts& artifacts, const Clock& clock);

}  // namespace millrace
