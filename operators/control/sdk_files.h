// The files of the folder sdk, which the build puts into the program.
#pragma once

#include <string_view>

namespace millrace::operators {

/// millrace_worker.py
std::string_view python_sdk();
/// millrace_worker.mjs
std::string_view node_sdk();

}  // namespace millrace::operators
