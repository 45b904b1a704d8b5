// The DAGs that are measured, as YAML texts. `task` is what each task is: "operator: noop".
#pragma once

#include <string>

namespace millrace::bench {

/// `count` tasks that need nothing.
std::string loose_tasks(const std::string& dag, int count, const std::string& task);
/// Each task needs the one before it.
std::string chain(const std::string& dag, int length, const std::string& task);
/// One task, `width` that need it, one that needs them all.
std::string fan(const std::string& dag, int width, const std::string& task);

}  // namespace millrace::bench
