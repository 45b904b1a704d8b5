#include "tests/fuzz/http_exchange.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>

#include "engine/base/log.h"

namespace millrace::fuzz {
namespace {

/// Less than ./run fuzz grants an input, so that a hang is told with what was answered. That much,
/// as the machine may have better things to do than to fuzz.
constexpr timeval kPatience{50, 0};

[[noreturn]] void fail(const char* what, std::string_view answer) {
  std::perror(what);
  std::fprintf(stderr, "%s after %zu bytes: %.*s\n", what, answer.size(),
               static_cast<int>(answer.size()), answer.data());
  std::abort();
}

/// libFuzzer's own clock interrupts calls now and then.
template <typename Call>
ssize_t again_if_interrupted(const Call& call) {
  ssize_t result = 0;
  do result = call();
  while (result < 0 && errno == EINTR);
  return result;
}

int connect_to(std::uint16_t port) {
  const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  ::setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &kPatience, sizeof kPatience);
  ::setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, &kPatience, sizeof kPatience);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const auto connected = again_if_interrupted([&] {
    return ::connect(socket, reinterpret_cast<const sockaddr*>(&address), sizeof address);
  });
  // An interrupted one goes on by itself, and the next call finds it done.
  if (connected != 0 && errno != EISCONN) fail("the server takes no connection", "");
  return socket;
}

bool is_http(std::string_view answer) {
  return answer.substr(0, 9) == "HTTP/1.1 " || answer.substr(0, 9) == "HTTP/1.0 ";
}

}  // namespace

void log_errors_only() {
  static const bool done = [] {
    log::configure(log::Severity::error, log::Format::text);
    return true;
  }();
  static_cast<void>(done);
}

std::string spelled_out(std::string_view input) {
  constexpr std::string_view kNext = "\n%%\n", kAsked = "Content-Length: ?";
  std::string out;
  while (!input.empty()) {
    const std::string_view request = input.substr(0, input.find(kNext));
    input.remove_prefix(std::min(input.size(), request.size() + kNext.size()));
    const std::size_t asked = request.find(kAsked), blank = request.find("\r\n\r\n");
    if (asked == request.npos || blank == request.npos || blank < asked) {
      out += request;
      continue;
    }
    const std::size_t mark = asked + kAsked.size() - 1;
    out.append(request.substr(0, mark)).append(std::to_string(request.size() - blank - 4));
    out += request.substr(mark + 1);
  }
  return out;
}

std::string exchange(std::uint16_t port, std::string_view bytes) {
  const int socket = connect_to(port);
  while (!bytes.empty()) {
    const ssize_t sent = again_if_interrupted(
        [&] { return ::send(socket, bytes.data(), bytes.size(), MSG_NOSIGNAL); });
    if (sent <= 0) break;  // refused before the end: the answer tells
    bytes.remove_prefix(static_cast<std::size_t>(sent));
  }
  ::shutdown(socket, SHUT_WR);
  std::string answer;
  char block[16 * 1024];
  ssize_t got = 0;
  const auto receive = [&] { return ::recv(socket, block, sizeof block, 0); };
  while ((got = again_if_interrupted(receive)) > 0)
    answer.append(block, static_cast<std::size_t>(got));
  if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) fail("the server hangs", answer);
  ::close(socket);
  if (!answer.empty() && !is_http(answer)) fail("the answer is no HTTP", answer);
  return answer;
}

}  // namespace millrace::fuzz
