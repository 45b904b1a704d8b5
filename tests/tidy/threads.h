// Rules on threads, locks and processes: each of them has one door in engine/base.
#pragma once

#include "tests/tidy/source.h"

namespace millrace::tidy {

/// engine/base/mutex.h has the only mutex of the standard library: its own is annotated, so that
/// clang checks who holds it.
Findings check_mutexes(const Tree& tree);
/// A class with a Mutex says with GUARDED_BY(mutex_) what it protects, or above it, in a comment
/// that begins with "Guards", which other thing it does.
Findings check_guards(const Tree& tree);
/// A thread belongs to a Service; pools of workers are listed in the rule. None is detached.
Findings check_threads(const Tree& tree);
/// Processes are started by engine/base/process.cc.
Findings check_processes(const Tree& tree);

}  // namespace millrace::tidy
