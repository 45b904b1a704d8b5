// LeasePage: until when runners may work, in a page of memory that they share with their engine. An
// engine that is frozen kills none of them when its lease runs out, and another engine, perhaps on
// another machine, starts the same tasks again: so each runner looks at the time itself.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

#include "engine/exec/unique_fd.h"

namespace millrace::exec {

/// Thread-safe. Not moved: runners have its memory.
class LeasePage {
 public:
  using SteadyTime = std::chrono::steady_clock::time_point;
  /// The engine's end: a new page, without a limit. If there is no memory, it has none to give.
  LeasePage();
  /// A runner's end, of a descriptor that is not needed afterwards.
  explicit LeasePage(int fd);
  ~LeasePage();
  LeasePage(const LeasePage&) = delete;
  LeasePage& operator=(const LeasePage&) = delete;

  /// -1: there is none.
  int fd() const { return fd_.get(); }
  void set(SteadyTime until);
  /// SteadyTime::max(): no limit.
  SteadyTime until() const;

 private:
  void map(int fd, bool writable);

  UniqueFd fd_;
  std::atomic<std::int64_t>* until_ = nullptr;  // in the page; 0: no limit
};

}  // namespace millrace::exec
