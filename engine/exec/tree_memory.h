// TreeMemory: watches what the processes that an attempt has started use together, and kills them
// when that is more than the attempt may use. A limit of each process alone says nothing about six
// of them, and none about memory that they share.
#pragma once

#include <sys/types.h>

#include <atomic>
#include <cstdint>
#include <functional>
#include <vector>

#include "engine/base/service.h"

namespace millrace::exec {

/// Looks ten times a second, from a thread of its own, at the descendants of this process. With a
/// limit of 0 it does nothing. `others`: children, with theirs, that are not the attempt's.
class TreeMemory {
 public:
  using Others = std::function<std::vector<pid_t>()>;
  explicit TreeMemory(std::int64_t limit_bytes, Others others = {});
  TreeMemory(const TreeMemory&) = delete;

  /// What they used when that was too much; 0: it never was.
  std::int64_t excess_bytes() const { return excess_.load(); }

 private:
  void run();

  const std::int64_t limit_;
  const Others others_;
  std::atomic<std::int64_t> excess_ = 0;
  Service service_{"tree memory"};  // last: it uses everything above
};

}  // namespace millrace::exec
