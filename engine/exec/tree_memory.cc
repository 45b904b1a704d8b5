#include "engine/exec/tree_memory.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <chrono>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/exec/process_tree.h"

namespace millrace::exec {
namespace {

constexpr std::chrono::milliseconds kLookEvery{100};

/// "Pss:  123 kB": the process's share of what it has in memory.
std::int64_t kilobytes(std::string_view text, std::string_view name) {
  const std::size_t at = text.find(name);
  if (at == std::string_view::npos) return 0;
  const std::size_t digits = text.find_first_not_of(' ', at + name.size());
  std::int64_t value = 0;
  if (digits != std::string_view::npos)
    std::from_chars(text.data() + digits, text.data() + text.size(), value);
  return value;
}

std::int64_t memory_of(pid_t pid) {
  const std::string path = "/proc/" + std::to_string(pid) + "/smaps_rollup";
  const UniqueFd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::array<char, 4096> text{};
  const ssize_t size = file ? read(file.get(), text.data(), text.size()) : 0;
  const std::string_view lines(text.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
  return (kilobytes(lines, "\nPss:") + kilobytes(lines, "\nSwapPss:")) << 10;
}

}  // namespace

/// Memory and swap of all descendants of this process but `others` and theirs; what several of them
/// share counts once.
static std::int64_t memory_of_descendants(const std::vector<pid_t>& others) {
  std::int64_t sum = 0;
  for (const pid_t pid : listed_descendants_of(getpid(), others)) sum += memory_of(pid);
  return sum;
}

TreeMemory::TreeMemory(std::int64_t limit_bytes, Others others)
    : limit_(limit_bytes), others_(std::move(others)) {
  if (limit_ > 0) service_.start([this] { run(); });
}

void TreeMemory::run() {
  while (service_.wait(kLookEvery)) {
    const std::int64_t used = memory_of_descendants(others_ ? others_() : std::vector<pid_t>());
    if (used <= limit_) continue;
    excess_ = used;
    kill_descendants(getpid());
  }
}

}  // namespace millrace::exec
