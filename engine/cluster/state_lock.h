// StateLock: one process works on a state folder at a time. Held by an flock on `<state>/lock`,
// which the kernel releases when the process ends, however it ends. The file's text tells who holds
// it and what for: the process id and the purpose, a line each.
#pragma once

#include <filesystem>

#include "engine/base/result.h"

namespace millrace {

/// Movable; the lock goes with the object. Not inherited by programs that this process starts.
class StateLock {
 public:
  enum class Purpose { engine, model_server, reader, restore };

  /// Creates the folder if it is not there. Waits for a holder that only reads, which takes no more
  /// than seconds. `conflict` names the process that has the lock.
  static Result<StateLock> acquire(const std::filesystem::path& state_folder, Purpose purpose);
  /// True while a process holds the lock of the folder.
  static bool is_held(const std::filesystem::path& state_folder);

  StateLock(StateLock&& other) noexcept;
  StateLock& operator=(StateLock&& other) noexcept;
  ~StateLock();

 private:
  explicit StateLock(int fd) : fd_(fd) {}
  int fd_ = -1;
};

}  // namespace millrace
