// BeginPage: which of its attempts a runner has begun, in a page of memory that it shares with its
// engine. Either the runner begins an attempt or the engine takes it back, never both, and neither
// has to wait for an answer: the engine also gets it back from a runner that is stopped or dead.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <optional>

#include "engine/exec/shared_page.h"
#include "engine/exec/spawn_runner.h"

namespace millrace::exec {

/// An attempt is named by its id and its output: a runner has at most one for each output.
/// Thread-safe.
class BeginPage {
 public:
  using SteadyTime = std::chrono::steady_clock::time_point;
  /// The engine's end: a new page.
  BeginPage();
  /// A runner's end.
  explicit BeginPage(int fd);

  bool usable() const { return page_.get() != nullptr; }
  int fd() const { return page_.fd(); }

  /// The engine's, before it sends the attempt.
  void give(std::size_t output, std::int64_t id);
  /// The engine's. True: the runner has not begun the attempt and never will.
  bool take_back(std::size_t output, std::int64_t id);
  /// When the runner began it; nullopt: it has not.
  std::optional<SteadyTime> begun(std::size_t output, std::int64_t id) const;
  /// The runner's. False: the attempt has been taken back.
  bool begin(std::size_t output, std::int64_t id);

 private:
  struct Slot {
    std::atomic<std::int64_t> attempt;  // the id once it is given, -id once it is begun
    std::atomic<std::int64_t> begun_at;
  };
  SharedPage<std::array<Slot, kRunnerOutputFds.size()>> page_;
};

}  // namespace millrace::exec
