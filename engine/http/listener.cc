#include "engine/http/listener.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

namespace millrace::http {
namespace {

constexpr int kBacklog = 4096;

using Addresses = std::unique_ptr<addrinfo, decltype(&freeaddrinfo)>;

Addresses addresses_of(const std::string& host, int port) {
  addrinfo hints{};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  if (getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found) != 0) found = nullptr;
  return {found, &freeaddrinfo};
}

int port_of(int socket) {
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  if (getsockname(socket, reinterpret_cast<sockaddr*>(&address), &length) != 0) return 0;
  return address.ss_family == AF_INET6 ? ntohs(reinterpret_cast<sockaddr_in6*>(&address)->sin6_port)
                                       : ntohs(reinterpret_cast<sockaddr_in*>(&address)->sin_port);
}

/// -1 with errno set if it cannot be had.
int listen_on(const addrinfo& at) {
  const int socket =
      ::socket(at.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, at.ai_protocol);
  if (socket < 0) return -1;
  // Not SO_REUSEPORT: a second engine on the same port must be refused, not mixed in.
  const int yes = 1;
  ::setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
  if (::bind(socket, at.ai_addr, at.ai_addrlen) == 0 && ::listen(socket, kBacklog) == 0)
    return socket;
  const int why = errno;
  ::close(socket);
  errno = why;
  return -1;
}

}  // namespace

Result<Listener> Listener::open(const std::string& host, int port) {
  if (port < 0 || port > 65'535)
    return invalid_argument("port " + std::to_string(port) + " is not from 0 to 65535");
  const auto found = addresses_of(host, port);
  if (!found)
    return invalid_argument("'" + host +
                            "' is neither an IP address nor a name of this machine; try 127.0.0.1");
  int why = 0;
  for (const addrinfo* at = found.get(); at != nullptr; at = at->ai_next) {
    const int socket = listen_on(*at);
    if (socket >= 0) return Listener(socket, port_of(socket), at->ai_family == AF_INET6);
    why = errno;
  }
  return unavailable("cannot listen on " + host + ":" + std::to_string(port) + ": " +
                     std::strerror(why));
}

Listener::~Listener() {
  if (socket_ >= 0) ::close(socket_);
}

Listener::Listener(Listener&& other) noexcept
    : socket_(std::exchange(other.socket_, -1)), port_(other.port_), v6_(other.v6_) {}

Listener& Listener::operator=(Listener&& other) noexcept {
  std::swap(socket_, other.socket_);
  port_ = other.port_;
  v6_ = other.v6_;
  return *this;
}

int Listener::release() { return std::exchange(socket_, -1); }

bool is_open_to_others(const std::string& host) {
  const auto found = addresses_of(host, 0);
  for (const addrinfo* at = found.get(); at != nullptr; at = at->ai_next) {
    if (at->ai_family == AF_INET) {
      const auto address = ntohl(reinterpret_cast<sockaddr_in*>(at->ai_addr)->sin_addr.s_addr);
      if (address >> 24 != 127) return true;
    } else if (at->ai_family == AF_INET6) {
      if (!IN6_IS_ADDR_LOOPBACK(&reinterpret_cast<sockaddr_in6*>(at->ai_addr)->sin6_addr))
        return true;
    }
  }
  return false;
}

}  // namespace millrace::http
