#include "engine/exec/reporter.h"

#include <utility>

namespace millrace::exec {

void Reporter::set(Executor::Report report) {
  const std::lock_guard lock(mutex_);
  report_ = std::move(report);
}

void Reporter::deliver(std::vector<PendingResult> results) {
  const std::lock_guard lock(mutex_);
  std::vector<AttemptResult> current;
  current.reserve(results.size());
  for (auto& pending : results)
    if (pending.generation == generation_) current.push_back(std::move(pending.result));
  if (!current.empty() && report_) report_(std::move(current));
}

void Reporter::forget() {
  const std::lock_guard lock(mutex_);
  ++generation_;
}

}  // namespace millrace::exec
