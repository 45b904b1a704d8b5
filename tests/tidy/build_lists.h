// Nothing lies beside the build: each source stands in a CMake list, each test in a test target.
#pragma once

#include "tests/tidy/source.h"

namespace millrace::tidy {

/// Each .cc under engine, operators, tests, bench and examples is named by the CMakeLists.txt of
/// its folder or of one above it, as a path from there.
Findings check_sources_are_built(const Tree& tree);
/// A *_test.cc is named by a millrace_test of its own folder.
Findings check_tests_are_run(const Tree& tree);
/// A test that can rewrite golden files carries the label by which ./run golden finds it.
Findings check_golden_labels(const Tree& tree);

}  // namespace millrace::tidy
