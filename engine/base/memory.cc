#include "engine/base/memory.h"

#include <malloc.h>

#include <atomic>
#include <cstddef>

namespace millrace {
namespace {

constexpr int kPools = 3;
constexpr std::size_t kMuch = 8u << 20;

std::size_t free_bytes() { return mallinfo2().fordblks; }

}  // namespace

void share_free_memory() { mallopt(M_ARENA_MAX, kPools); }

void return_freed_memory() {
  // What has been given back still counts as free.
  static std::atomic<std::size_t> free_after_last = 0;
  if (free_bytes() < free_after_last + kMuch) return;
  malloc_trim(0);
  free_after_last = free_bytes();
}

}  // namespace millrace
