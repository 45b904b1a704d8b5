#include "bench/crowd.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <chrono>

namespace millrace::bench {
namespace {

sockaddr_in loopback(int port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

Result<int> connect_to(int port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (socket < 0) return make_error(ErrorCode::resource_exhausted, "no more sockets: ulimit -n");
  const int on = 1;
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  const sockaddr_in address = loopback(port);
  if (::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0)
    return socket;
  ::close(socket);
  return unavailable("no connection to port " + std::to_string(port));
}

}  // namespace

Crowd::~Crowd() {
  if (reader_.joinable()) {
    const char stop = 's';
    [[maybe_unused]] const auto sent = ::write(stop_[1], &stop, 1);
    reader_.join();
    ::close(stop_[0]);
    ::close(stop_[1]);
  }
  for (const int socket : sockets_) ::close(socket);
}

Status Crowd::join(int count, const std::string& request) {
  for (int i = 0; i < count; ++i) {
    MR_TRY(const int socket, connect_to(port_));
    sockets_.push_back(socket);
    if (::send(socket, request.data(), request.size(), MSG_NOSIGNAL) !=
        static_cast<ssize_t>(request.size()))
      return unavailable("the server hung up");
  }
  return {};
}

void Crowd::listen() {
  if (::pipe2(stop_, O_CLOEXEC) != 0) return;
  reader_ = std::thread([this] { read(); });
}

void Crowd::read() {
  const int all = ::epoll_create1(EPOLL_CLOEXEC);
  const auto add = [&](int descriptor) {
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.fd = descriptor;
    ::epoll_ctl(all, EPOLL_CTL_ADD, descriptor, &event);
  };
  add(stop_[0]);
  for (const int socket : sockets_) add(socket);
  std::array<epoll_event, 64> ready{};
  std::array<char, 1 << 16> buffer{};
  for (bool stopped = false; !stopped;) {
    const int count = ::epoll_wait(all, ready.data(), static_cast<int>(ready.size()), -1);
    for (int i = 0; i < count; ++i) {
      const int descriptor = ready[static_cast<std::size_t>(i)].data.fd;
      if (descriptor == stop_[0]) {
        stopped = true;
        continue;
      }
      const auto got = ::recv(descriptor, buffer.data(), buffer.size(), MSG_DONTWAIT);
      if (got > 0) {
        bytes_ += got;
        continue;
      }
      ++gone_;
      ::epoll_ctl(all, EPOLL_CTL_DEL, descriptor, nullptr);
    }
  }
  ::close(all);
}

Result<std::vector<double>> echo_ms(int count) {
  using std::chrono::steady_clock;
  const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = loopback(0);
  socklen_t size = sizeof address;
  auto* any = reinterpret_cast<sockaddr*>(&address);
  if (::bind(listener, any, size) != 0 || ::listen(listener, 1) != 0 ||
      ::getsockname(listener, any, &size) != 0)
    return unavailable("no port for the echo");
  std::thread server([listener] {
    const int socket = ::accept(listener, nullptr, nullptr);
    const int on = 1;
    ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    for (char byte = 0; ::recv(socket, &byte, 1, 0) == 1;)
      if (::send(socket, &byte, 1, MSG_NOSIGNAL) != 1) break;
    ::close(socket);
  });
  auto client = connect_to(ntohs(address.sin_port));
  std::vector<double> ms;
  for (int i = 0; client && i < count; ++i) {
    const auto before = steady_clock::now();
    char byte = 'e';
    if (::send(*client, &byte, 1, MSG_NOSIGNAL) != 1 || ::recv(*client, &byte, 1, 0) != 1) break;
    ms.push_back(std::chrono::duration<double, std::milli>(steady_clock::now() - before).count());
  }
  if (client) ::close(*client);
  ::shutdown(listener, SHUT_RDWR);
  server.join();
  ::close(listener);
  if (ms.empty()) return unavailable("the echo did not answer");
  return ms;
}

}  // namespace millrace::bench
