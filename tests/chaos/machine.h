// Machine: what a machine tells the processes on it, where it may lie: the time of day, and whether
// there is room on its disk. A library that is loaded before all others (machine_preload.cc)
// answers them from a file that both sides map, so that a fault begins and ends at once, needs no
// rights, and leaves the true clock and the true disk alone. Steady time stays true.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace millrace::chaos {

/// What stands in the file. All zero: as things are.
struct MachineState {
  std::atomic<std::int64_t> clock_ahead_ns;
  /// Nothing on the disk of this file gets longer: ENOSPC.
  std::atomic<bool> disk_is_full;
  std::atomic<int> writes_refused;
};
static_assert(std::atomic<std::int64_t>::is_always_lock_free);

/// Thread-safe.
class Machine {
 public:
  /// Makes the file, and a copy of the library next to it; throws std::system_error where that
  /// fails. PostgreSQL's user must be able to enter the folder.
  explicit Machine(std::filesystem::path file);
  ~Machine();
  Machine(const Machine&) = delete;
  Machine& operator=(const Machine&) = delete;

  /// "NAME=value", for the processes that are to live on this machine, and their children.
  std::vector<std::string> environment() const;
  /// So far ahead of the true time; 0: right again.
  void set_clock(std::chrono::seconds ahead) {
    state_->clock_ahead_ns = std::chrono::nanoseconds(ahead).count();
  }
  void fill_disk(bool full) { state_->disk_is_full = full; }
  /// How often a full disk was met so far.
  int writes_refused() const { return state_->writes_refused; }

 private:
  std::filesystem::path file_, library_;
  MachineState* state_;
};

}  // namespace millrace::chaos
