#include "engine/pg/interrupt.h"

#include <sys/socket.h>

#include <thread>

namespace millrace::pg {

void Interrupt::raise() {
  const MutexLock lock(mutex_);
  raised_ = true;
  for (const int socket : sockets_) ::shutdown(socket, SHUT_RDWR);
  changed_.notify_all();
}

bool Interrupt::raised() const {
  const MutexLock lock(mutex_);
  return raised_;
}

void Interrupt::watch(int socket) {
  const MutexLock lock(mutex_);
  sockets_.insert(socket);
  if (raised_) ::shutdown(socket, SHUT_RDWR);
}

void Interrupt::unwatch(int socket) {
  const MutexLock lock(mutex_);
  sockets_.erase(socket);
}

bool Interrupt::run(std::function<void()> work) {
  if (raised()) return false;
  const auto done = std::make_shared<bool>(false);  // read and set under mutex_
  // Detached, because nothing can end libpq's connect or its look-up of a name, and a process must
  // end without them; libpq's own calls for connecting without waiting would neither try the next
  // of several hosts in time nor keep connect_timeout. The thread holds all that it uses.
  std::thread([self = shared_from_this(), done, work = std::move(work)] {
    work();
    const MutexLock lock(self->mutex_);
    *done = true;
    self->changed_.notify_all();
  }).detach();
  MutexLock lock(mutex_);
  changed_.wait(lock, [&]() REQUIRES(mutex_) { return raised_ || *done; });
  return *done;
}

}  // namespace millrace::pg
