#include "engine/api/connection.h"

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>

namespace millrace::api {
namespace {

constexpr std::size_t kReadBytes = 16u << 10;
// A body somewhat too long is read to its end, so that its sender sees why it was refused; one that
// is far too long, or comes slowly, is cut.
constexpr std::chrono::milliseconds kLingerTime{2'000};
constexpr std::chrono::milliseconds kLingerPause{200};

/// The events that came, 0 after `timeout`.
short wait_for(int socket, short events, std::chrono::milliseconds timeout) {
  pollfd entry{socket, events, 0};
  int ready = 0;
  do ready = ::poll(&entry, 1, static_cast<int>(timeout.count()));
  while (ready < 0 && errno == EINTR);
  return ready > 0 ? entry.revents : short{0};
}

}  // namespace

Connection::~Connection() { ::close(socket_); }

bool Connection::wait_for_request() {
  if (position_ < buffer_.size()) return true;
  const short events = wait_for(socket_, POLLIN, config_.idle_timeout);
  if ((events & POLLIN) == 0) return false;
  char byte = 0;
  return ::recv(socket_, &byte, 1, MSG_PEEK | MSG_DONTWAIT) == 1;
}

void Connection::begin_request() {
  in_header_ = true;
  header_bytes_ = 0;
  header_has_zero_ = false;
  newlines_ = 0;
}

void Connection::wake() { ::shutdown(socket_, SHUT_RD); }

bool Connection::peer_is_there() const {
  const short events = wait_for(socket_, POLLRDHUP, std::chrono::milliseconds{0});
  return (events & (POLLRDHUP | POLLHUP | POLLERR | POLLNVAL)) == 0;
}

void Connection::linger() {
  ::shutdown(socket_, SHUT_WR);
  char bytes[kReadBytes];
  const auto until = std::chrono::steady_clock::now() + kLingerTime;
  std::size_t left = 2 * config_.max_body_bytes;
  while (left > 0 && std::chrono::steady_clock::now() < until) {
    if (wait_for(socket_, POLLIN, kLingerPause) == 0) return;
    const auto got = ::recv(socket_, bytes, sizeof bytes, MSG_DONTWAIT);
    if (got <= 0) return;
    left -= std::min(left, static_cast<std::size_t>(got));
  }
}

bool Connection::is_readable() const {
  return position_ < buffer_.size() ||
         (wait_for(socket_, POLLIN, config_.read_timeout) & POLLIN) != 0;
}

bool Connection::is_writable() const {
  return (wait_for(socket_, POLLOUT, config_.write_timeout) & POLLOUT) != 0 && peer_is_there();
}

bool Connection::fill() {
  if (wait_for(socket_, POLLIN, config_.read_timeout) == 0) return false;
  buffer_.resize(kReadBytes);
  position_ = 0;
  const auto got = ::recv(socket_, buffer_.data(), buffer_.size(), 0);
  buffer_.resize(got > 0 ? static_cast<std::size_t>(got) : 0);
  return got > 0;
}

void Connection::count_header(const char* bytes, std::size_t size) {
  header_bytes_ += size;
  for (std::size_t i = 0; i < size; ++i) {
    header_has_zero_ = header_has_zero_ || bytes[i] == '\0';  // the library would let it pass
    if (bytes[i] == '\n')
      ++newlines_;
    else if (bytes[i] != '\r')
      newlines_ = 0;
  }
  if (newlines_ >= 2) in_header_ = false;
}

ssize_t Connection::read(char* to, size_t size) {
  if (in_header_ && (header_too_long() || header_has_zero_)) return -1;
  if (position_ == buffer_.size() && !fill()) return -1;
  const auto count = std::min(size, buffer_.size() - position_);
  std::copy_n(buffer_.data() + position_, count, to);
  position_ += count;
  if (in_header_) count_header(to, count);
  return static_cast<ssize_t>(count);
}

ssize_t Connection::write(const char* from, size_t size) {
  if ((wait_for(socket_, POLLOUT, config_.write_timeout) & POLLOUT) == 0) return -1;
  return ::send(socket_, from, size, MSG_NOSIGNAL);
}

void Connection::get_remote_ip_and_port(std::string& ip, int& port) const {
  ip.clear();
  port = 0;
}

void Connection::get_local_ip_and_port(std::string& ip, int& port) const {
  ip.clear();
  port = 0;
}

}  // namespace millrace::api
