// TreeMemory: watches what the processes that an attempt has started use together, and kills them
// when that is more than the attempt may use. A limit of each process alone says nothing about six
// of them, and none about memory that they share.
#pragma once

#include <atomic>
#include <cstdint>

#include "engine/base/service.h"

namespace millrace::exec {

/// Looks ten times a second, from a thread of its own, at the descendants of this process. With a
/// limit of 0 it does nothing.
class TreeMemory {
 public:
  explicit TreeMemory(std::int64_t limit_bytes);
  TreeMemory(const TreeMemory&) = delete;

  /// What they used when that was too much; 0: it never was.
  std::int64_t excess_bytes() const { return excess_.load(); }

 private:
  void run();

  const std::int64_t limit_;
  std::atomic<std::int64_t> excess_ = 0;
  Service service_{"tree memory"};  // last: it uses everything above
};

}  // namespace millrace::exec
