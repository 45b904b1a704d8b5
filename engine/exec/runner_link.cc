#include "engine/exec/runner_link.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <utility>

namespace millrace::exec {
namespace {

constexpr std::chrono::milliseconds kBeat{1000};
/// Shorter attempts do not wake the thread that watches over the longer ones.
constexpr std::chrono::milliseconds kMoment{20};
constexpr std::chrono::milliseconds kRecent{100};

}  // namespace

void end_with_descendants() {
  kill_descendants(getpid());
  if (getpgrp() == getpid()) kill(0, SIGKILL);
  _exit(EXIT_FAILURE);
}

RunnerLink::RunnerLink(int socket, const LeasePage& lease, BeginPage& begins)
    : socket_(socket),
      lease_(lease),
      begins_(begins),
      statm_(open("/proc/self/statm", O_RDONLY | O_CLOEXEC)),
      moment_(timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK)),
      epoll_(epoll_create1(EPOLL_CLOEXEC)) {
  fcntl(socket_, F_SETFD, FD_CLOEXEC);
  epoll_event nothing{};
  epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, socket_, &nothing);
  epoll_event expiry{};
  expiry.events = EPOLLIN;
  epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, moment_.get(), &expiry);
  send(HelloMessage{});
  watcher_.start([this] { watch(); });
}

RunnerLink::~RunnerLink() {
  watcher_.request_stop();
  set_moment(std::chrono::nanoseconds{1});  // wakes it
  watcher_.stop();
}

StartMessage RunnerLink::next() {
  // Locked while it waits, so that it cannot miss what the other thread has just read.
  const MutexLock reading(read_mutex_);
  while (true) {
    while (starts_.empty()) read_some(0);
    StartMessage start = std::move(starts_.front());
    starts_.pop_front();
    if (!begins_.begin(static_cast<std::size_t>(start.output), start.id)) continue;
    run_begins();
    return start;
  }
}

void RunnerLink::send(const RunnerMessage& message) {
  if (const auto frame = encode(message)) write_all(*frame);
}

void RunnerLink::send_done(DoneMessage done) {
  auto frame = encode(RunnerMessage{done});
  const std::size_t size = frame ? frame->size() : kMaxFrameBytes;
  if (size > kMaxOutcomeBytes) {
    done.outcome = make_error(ErrorCode::resource_exhausted,
                              "the outputs and effects are more than " +
                                  std::to_string(kMaxOutcomeBytes >> 20) +
                                  " MiB; put data into an artifact and return its digest");
    frame = encode(RunnerMessage{done});
  }
  run_ends();
  write_all(*frame);
}

Result<Json> RunnerLink::ask(std::string_view name, const Json& arguments) {
  MutexLock lock(mutex_);
  const std::int64_t id = next_query_++;
  lock.unlock();
  MR_TRY(const std::string frame, encode(QueryMessage{id, std::string(name), arguments}));
  {
    const MutexLock reading(read_mutex_);
    listen();
  }
  write_all(frame);
  lock.lock();
  changed_.wait(lock, [&]() REQUIRES(mutex_) { return answers_.contains(id); });
  return std::move(answers_.extract(id).mapped());
}

void RunnerLink::on_cancel(std::int64_t attempt, std::function<void()> action) {
  const MutexLock lock(cancel_mutex_);
  watched_ = attempt;
  on_cancel_ = std::move(action);
  if (on_cancel_ && is_cancelled(attempt)) on_cancel_();
}

std::int64_t RunnerLink::recent_resident_bytes() {
  const auto now = std::chrono::steady_clock::now();
  if (now - looked_at_ > kRecent) {
    looked_at_ = now;
    resident_ = memory().resident;
  }
  return resident_;
}

void RunnerLink::tell_out_of_memory() {
  const auto frame = memory_frame();
  write_all({frame.data(), frame.size()});
}

void RunnerLink::watch() {
  const auto left = [this](auto until) {
    const auto now = std::chrono::steady_clock::now(), lease_end = lease_.until();
    // The engine is frozen: another may start our task again.
    if (now >= lease_end) end_with_descendants();
    const auto rest =
        std::chrono::ceil<std::chrono::milliseconds>(std::min(until, lease_end) - now);
    // Until a beat is due it is not over, though the lease may end first.
    return static_cast<int>(std::max<std::int64_t>(rest.count(), until > now ? 1 : 0));
  };
  while (true) {
    const auto next_beat = std::chrono::steady_clock::now() + kBeat;
    for (int wait = left(next_beat); wait > 0; wait = left(next_beat)) {
      epoll_event event;
      if (epoll_wait(epoll_.get(), &event, 1, wait) <= 0) continue;
      if (watcher_.stopping()) return;
      std::uint64_t expirations = 0;
      [[maybe_unused]] const ssize_t size = read(moment_.get(), &expirations, sizeof expirations);
      // Held by the other thread: the attempt is over, and it reads.
      if (!read_mutex_.try_lock()) continue;
      const MutexLock reading(read_mutex_, std::adopt_lock);
      if (!running_) continue;
      listen();
      read_some(MSG_DONTWAIT);
    }
    beat();
  }
}

void RunnerLink::beat() {
  const auto frame = beat_frame(memory().resident);
  write_all({frame.data(), frame.size()});
}

void RunnerLink::run_begins() {
  running_ = true;
  set_moment(kMoment);
}

void RunnerLink::set_moment(std::chrono::nanoseconds from_now) {
  itimerspec moment{};
  moment.it_value.tv_nsec = from_now.count();
  timerfd_settime(moment_.get(), 0, &moment, nullptr);
}

void RunnerLink::run_ends() {
  const MutexLock reading(read_mutex_);
  running_ = false;  // the moment may still pass: it then finds nothing, or the next one early
  if (!std::exchange(listening_, false)) return;
  epoll_event nothing{};
  epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, socket_, &nothing);
}

void RunnerLink::listen() {
  if (std::exchange(listening_, true)) return;
  epoll_event readable{};
  readable.events = EPOLLIN;
  epoll_ctl(epoll_.get(), EPOLL_CTL_MOD, socket_, &readable);
}

void RunnerLink::read_some(int flags) {
  std::array<char, 65536> buffer;
  const ssize_t size = recv(socket_, buffer.data(), buffer.size(), flags);
  if (size < 0 && (errno == EINTR || errno == EAGAIN)) return;
  if (size <= 0) end_with_descendants();
  frames_.feed({buffer.data(), static_cast<std::size_t>(size)});
  while (true) {
    auto payload = frames_.next();
    if (payload && !*payload) return;
    auto message = payload ? decode_engine_message(**payload) : payload.error();
    // What cannot be read is not from our engine.
    if (!message) end_with_descendants();
    take(*std::move(message));
  }
}

void RunnerLink::take(EngineMessage message) {
  if (auto* start = std::get_if<StartMessage>(&message)) {
    starts_.push_back(std::move(*start));
  } else if (const auto* cancel = std::get_if<CancelMessage>(&message)) {
    const MutexLock lock(cancel_mutex_);
    cancelled_ = cancel->id;
    if (on_cancel_ && watched_ == cancel->id) on_cancel_();
  } else if (auto* answer = std::get_if<AnswerMessage>(&message)) {
    {
      const MutexLock lock(mutex_);
      answers_.insert_or_assign(answer->id, std::move(answer->value));
    }
    changed_.notify_all();
  }
}

void RunnerLink::write_all(std::string_view bytes) {
  const MutexLock lock(write_mutex_);
  while (!bytes.empty()) {
    const ssize_t size = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) end_with_descendants();
    bytes.remove_prefix(static_cast<std::size_t>(size));
  }
}

}  // namespace millrace::exec
