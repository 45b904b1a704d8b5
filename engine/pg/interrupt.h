// Interrupt: ends the waits for a PostgreSQL that does not answer, so that a process can end in
// bounded time. Once raised, it stays so. Thread-safe; shared by what waits and who ends it.
#pragma once

#include <functional>
#include <memory>
#include <set>

#include "engine/base/mutex.h"

namespace millrace::pg {

class Interrupt : public std::enable_shared_from_this<Interrupt> {
 public:
  /// Shuts down the sockets that are watched, so that a thread that waits for an answer gets an
  /// error.
  void raise();
  bool raised() const;

  /// A socket that waits for answers; shut down at once if it is too late. To be taken out before
  /// it is closed.
  void watch(int socket);
  void unwatch(int socket);

  /// Runs `work` on a thread of its own, since libpq cannot be told to stop connecting. False:
  /// raised before it was done; it then goes on without us, and must not refer to the caller.
  bool run(std::function<void()> work);

 private:
  mutable Mutex mutex_;
  ConditionVariable changed_;
  bool raised_ GUARDED_BY(mutex_) = false;
  std::set<int> sockets_ GUARDED_BY(mutex_);
};

using InterruptPtr = std::shared_ptr<Interrupt>;

}  // namespace millrace::pg
