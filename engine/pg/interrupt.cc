#include "engine/pg/interrupt.h"

#include <sys/socket.h>

#include <thread>

namespace millrace::pg {

void Interrupt::raise() {
  const std::lock_guard lock(mutex_);
  raised_ = true;
  for (const int socket : sockets_) ::shutdown(socket, SHUT_RDWR);
  changed_.notify_all();
}

bool Interrupt::raised() const {
  const std::lock_guard lock(mutex_);
  return raised_;
}

void Interrupt::watch(int socket) {
  const std::lock_guard lock(mutex_);
  sockets_.insert(socket);
  if (raised_) ::shutdown(socket, SHUT_RDWR);
}

void Interrupt::unwatch(int socket) {
  const std::lock_guard lock(mutex_);
  sockets_.erase(socket);
}

bool Interrupt::run(std::function<void()> work) {
  if (raised()) return false;
  const auto done = std::make_shared<bool>(false);  // guarded by mutex_
  std::thread([self = shared_from_this(), done, work = std::move(work)] {
    work();
    const std::lock_guard lock(self->mutex_);
    *done = true;
    self->changed_.notify_all();
  }).detach();
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return raised_ || *done; });
  return *done;
}

}  // namespace millrace::pg
