#include "engine/exec/event_loop.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <utility>

namespace millrace::exec {

namespace asio = boost::asio;
using asio::posix::stream_descriptor;

struct EventLoop::Asio {
  asio::io_context context{1};  // one thread runs it
  asio::executor_work_guard<asio::io_context::executor_type> work{context.get_executor()};
  std::vector<std::shared_ptr<Watched>> acted;  // in this round; they wait again in the next one
};

/// Kept alive by the operations that are under way.
struct EventLoop::Watched {
  Watched(EventLoop::Asio& its_loop, int fd, Action its_action)
      : loop(its_loop), descriptor(its_loop.context), action(std::move(its_action)) {
    // An error leaves a runner that is never heard of: it is ended as silent.
    boost::system::error_code ignored;
    descriptor.assign(fd, ignored);
  }

  EventLoop::Asio& loop;
  stream_descriptor descriptor;
  Action action;
  bool on = true, reading = false, writing = false;
};

namespace {

void wait(const std::shared_ptr<EventLoop::Watched>& watched) {
  if (!watched->on || std::exchange(watched->reading, true)) return;
  watched->descriptor.async_wait(stream_descriptor::wait_read, [watched](const auto& error) {
    watched->reading = false;
    if (error || !watched->on) return;
    watched->loop.acted.push_back(watched);
    watched->action();
  });
}

}  // namespace

EventLoop::Watch::~Watch() {
  if (!watched_) return;
  watched_->on = false;
  watched_->descriptor.release();  // ends what waits
}

void EventLoop::Watch::set_on(bool on) {
  if (std::exchange(watched_->on, on) != on) wait(watched_);
}

void EventLoop::Watch::when_writable(Action action) {
  if (std::exchange(watched_->writing, true)) return;
  watched_->descriptor.async_wait(
      stream_descriptor::wait_write,
      [watched = watched_, action = std::move(action)](const auto& error) {
        watched->writing = false;
        if (!error && watched->descriptor.is_open()) action();
      });
}

EventLoop::EventLoop() : asio_(std::make_unique<Asio>()) {}
EventLoop::~EventLoop() = default;

EventLoop::Watch EventLoop::watch(int fd, Action action) {
  auto watched = std::make_shared<Watched>(*asio_, fd, std::move(action));
  wait(watched);
  return Watch(std::move(watched));
}

void EventLoop::post(Action action) { asio::post(asio_->context, std::move(action)); }

void EventLoop::run_round(std::optional<Duration> most) {
  for (const auto& watched : std::exchange(asio_->acted, {})) wait(watched);
  if (most)
    asio_->context.run_one_for(*most);
  else
    asio_->context.run_one();
  asio_->context.poll();
}

}  // namespace millrace::exec
