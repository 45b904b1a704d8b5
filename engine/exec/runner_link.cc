#include "engine/exec/runner_link.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "engine/exec/frame.h"

namespace millrace::exec {
namespace {

constexpr std::chrono::seconds kBeat{1};

/// A frame without an allocation: beats must go out also when memory is short.
std::string_view small_frame(std::array<char, 128>& space, const char* format, long long value) {
  const int size = std::snprintf(space.data() + kFrameHeaderBytes, space.size() - kFrameHeaderBytes,
                                 format, value);
  for (std::size_t i = 0; i < kFrameHeaderBytes; ++i)
    space[i] = static_cast<char>((static_cast<std::size_t>(size) >> (8 * i)) & 0xff);
  return {space.data(), kFrameHeaderBytes + static_cast<std::size_t>(size)};
}

}  // namespace

void end_with_descendants() {
  kill_descendants(getpid());
  if (getpgrp() == getpid()) kill(0, SIGKILL);
  _exit(EXIT_FAILURE);
}

RunnerLink::RunnerLink(int socket)
    : socket_(socket), statm_(open("/proc/self/statm", O_RDONLY | O_CLOEXEC)) {
  fcntl(socket_, F_SETFD, FD_CLOEXEC);
  send(HelloMessage{});
  // Never joined: they end with the process, which has nothing else to clean up.
  std::thread([this] { read_all(); }).detach();
  std::thread([this] { beat(); }).detach();
}

StartMessage RunnerLink::next() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return start_.has_value(); });
  return *std::exchange(start_, std::nullopt);
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
  write_all(*frame);
}

Result<Json> RunnerLink::ask(std::string_view name, const Json& arguments) {
  std::unique_lock lock(mutex_);
  const std::int64_t id = next_query_++;
  lock.unlock();
  MR_TRY(const std::string frame, encode(QueryMessage{id, std::string(name), arguments}));
  write_all(frame);
  lock.lock();
  changed_.wait(lock, [&] { return answers_.contains(id); });
  return std::move(answers_.extract(id).mapped());
}

void RunnerLink::tell_out_of_memory() {
  std::array<char, 128> space;
  write_all(small_frame(space, R"({"type":"memory","at":%lld})", 0));
}

void RunnerLink::read_all() {
  FrameReader frames;
  std::array<char, 65536> buffer;
  while (true) {
    const ssize_t size = recv(socket_, buffer.data(), buffer.size(), 0);
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) end_with_descendants();
    frames.feed({buffer.data(), static_cast<std::size_t>(size)});
    while (true) {
      auto payload = frames.next();
      if (payload && !*payload) break;
      auto message = payload ? decode_engine_message(**payload) : payload.error();
      // What cannot be read is not from our engine.
      if (!message) end_with_descendants();
      take(*std::move(message));
    }
  }
}

void RunnerLink::take(EngineMessage message) {
  {
    const std::lock_guard lock(mutex_);
    if (auto* start = std::get_if<StartMessage>(&message))
      start_ = std::move(*start);
    else if (auto* answer = std::get_if<AnswerMessage>(&message))
      answers_.insert_or_assign(answer->id, std::move(answer->value));
    else if (const auto* cancel = std::get_if<CancelMessage>(&message))
      cancelled_ = cancel->id;
  }
  changed_.notify_all();
}

void RunnerLink::beat() {
  std::mutex never;
  std::condition_variable notified;
  std::unique_lock lock(never);
  while (true) {
    notified.wait_for(lock, kBeat);
    std::array<char, 128> space;
    write_all(small_frame(space, R"({"type":"beat","rss":%lld})", memory().resident));
  }
}

void RunnerLink::write_all(std::string_view bytes) {
  const std::lock_guard lock(write_mutex_);
  while (!bytes.empty()) {
    const ssize_t size = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (size < 0 && errno == EINTR) continue;
    if (size < 0) end_with_descendants();
    bytes.remove_prefix(static_cast<std::size_t>(size));
  }
}

}  // namespace millrace::exec
