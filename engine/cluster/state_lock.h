// StateLock: at most one engine works on a state folder. Held by an flock on `<state>/lock`, which
// the kernel lets go of when the process ends, however it ends; the file's text is the holder's
// process id, for the message.
#pragma once

#include <filesystem>

#include "engine/base/result.h"

namespace millrace {

/// Movable; the lock goes with the object. Not inherited by programs that this process starts.
class StateLock {
 public:
  /// Creates the folder if it is not there. `conflict` names the process that has the lock.
  static Result<StateLock> acquire(const std::filesystem::path& state_folder);

  StateLock(StateLock&& other) noexcept;
  StateLock& operator=(StateLock&& other) noexcept;
  ~StateLock();

 private:
  explicit StateLock(int fd) : fd_(fd) {}
  int fd_ = -1;
};

}  // namespace millrace
