#include "engine/base/service.h"

#include <pthread.h>
#include <sys/eventfd.h>

#include <cstdlib>
#include <exception>
#include <utility>

#include "engine/base/log.h"

namespace millrace {
namespace {

/// The service whose body runs on this thread.
thread_local const Service* t_current = nullptr;

[[noreturn]] void end_process(const std::string& name, std::string_view what) {
  log::error("a service thread ended by an exception", {{"service", name}, {"error", what}});
  std::abort();
}

}  // namespace

void Service::start(std::function<void()> body) {
  const MutexLock lock(thread_mutex_);
  if (thread_) return;
  stopping_ = false;
  thread_.emplace([this, body = std::move(body)] { run(body); });
}

void Service::run(const std::function<void()>& body) {
  pthread_setname_np(pthread_self(), name_.substr(0, 15).c_str());
  t_current = this;
  try {
    body();
  } catch (const std::exception& error) {
    end_process(name_, error.what());
  } catch (...) {
    end_process(name_, "of an unknown type");
  }
}

void Service::stop() {
  if (t_current == this) return request_stop();
  const MutexLock lock(thread_mutex_);
  if (!thread_) return;
  request_stop();
  thread_->join();
  thread_.reset();
}

void Service::request_stop() {
  stopping_ = true;
  signal();
}

void Service::wake() {
  if (!woken_.exchange(true)) signal();
}

// A body that has just found nothing holds the mutex until it sleeps: it is notified after that.
void Service::signal() {
  const MutexLock lock(wait_mutex_);
  changed_.notify_all();
  if (event_) ::eventfd_write(event_.get(), 1);
}

bool Service::wait(std::chrono::nanoseconds most) {
  MutexLock lock(wait_mutex_);
  changed_.wait_for(lock, most, [this] { return stopping_ || woken_; });
  woken_ = false;
  eventfd_t drained = 0;
  if (event_ && !stopping_) ::eventfd_read(event_.get(), &drained);
  return !stopping_;
}

bool Service::pause(std::chrono::nanoseconds most) {
  MutexLock lock(wait_mutex_);
  return !changed_.wait_for(lock, most, [this] { return stopping_.load(); });
}

int Service::fd() {
  const MutexLock lock(wait_mutex_);
  if (!event_) event_ = UniqueFd(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
  return event_.get();
}

}  // namespace millrace
