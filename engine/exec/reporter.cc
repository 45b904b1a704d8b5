#include "engine/exec/reporter.h"

#include <utility>

namespace millrace::exec {

void Reporter::set(Executor::Report report) {
  const MutexLock lock(mutex_);
  report_ = std::move(report);
}

void Reporter::deliver(std::vector<PendingReport> reports) {
  const MutexLock lock(mutex_);
  std::vector<AttemptReport> current;
  current.reserve(reports.size());
  for (auto& pending : reports)
    if (pending.generation == generation_) current.push_back(std::move(pending.report));
  if (!current.empty() && report_) report_(std::move(current));
}

void Reporter::forget() {
  const MutexLock lock(mutex_);
  ++generation_;
}

}  // namespace millrace::exec
