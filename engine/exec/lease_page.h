// LeasePage: until when runners may work, in a page of memory that they share with their engine. An
// engine that is frozen kills none of them when its lease runs out, and another engine, perhaps on
// another machine, starts the same tasks again: so each runner looks at the time itself.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

#include "engine/exec/shared_page.h"

namespace millrace::exec {

/// Thread-safe.
class LeasePage {
 public:
  using SteadyTime = std::chrono::steady_clock::time_point;
  /// The engine's end: a new page, without a limit.
  LeasePage();
  /// A runner's end.
  explicit LeasePage(int fd);

  int fd() const { return page_.fd(); }
  void set(SteadyTime until);
  /// SteadyTime::max(): no limit.
  SteadyTime until() const;

 private:
  SharedPage<std::atomic<std::int64_t>> page_;  // 0: no limit
};

}  // namespace millrace::exec
