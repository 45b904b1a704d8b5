#include "bench/http_get.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>

namespace millrace::bench {

HttpGet::~HttpGet() { close(); }

void HttpGet::close() {
  if (socket_ >= 0) ::close(socket_);
  socket_ = -1;
  read_.clear();
}

Status HttpGet::connect() {
  if (socket_ >= 0) return {};
  socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port_));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const int on = 1;
  ::setsockopt(socket_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (::connect(socket_, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0)
    return {};
  close();
  return unavailable("nobody listens on port " + std::to_string(port_));
}

Status HttpGet::send(const std::string& head, const std::string& body) {
  std::string request = head + " HTTP/1.1\r\nHost: 127.0.0.1\r\n";
  if (packs_) request += "Accept-Encoding: gzip, deflate, br, zstd\r\n";
  if (!body.empty())
    request +=
        "Content-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) + "\r\n";
  request += "\r\n" + body;
  const auto sent = ::send(socket_, request.data(), request.size(), MSG_NOSIGNAL);
  return sent == static_cast<ssize_t>(request.size()) ? Status{}
                                                      : Status{unavailable("the server hung up")};
}

Status HttpGet::read_more() {
  char buffer[1 << 16];
  const auto n = ::recv(socket_, buffer, sizeof buffer, 0);
  if (n <= 0) return unavailable("the server hung up");
  read_.append(buffer, static_cast<std::size_t>(n));
  return {};
}

Result<std::string> HttpGet::get(const std::string& path) {
  MR_CHECK(connect());
  MR_CHECK(send("GET " + path));
  return answer(path);
}

Result<std::string> HttpGet::post(const std::string& path) {
  MR_CHECK(connect());
  MR_CHECK(send("POST " + path, "{}"));
  return answer(path);
}

Result<std::string> HttpGet::answer(const std::string& path) {
  std::size_t head = 0;
  while ((head = read_.find("\r\n\r\n")) == std::string::npos) MR_CHECK(read_more());
  const std::string headers = read_.substr(0, head);
  const std::size_t at = headers.find("Content-Length: ");
  if (!headers.starts_with("HTTP/1.1 20") || at == std::string::npos)
    return internal_error(path + " was answered with " + headers.substr(0, headers.find('\r')));
  const std::size_t length = std::strtoul(headers.c_str() + at + 16, nullptr, 10);
  while (read_.size() < head + 4 + length) MR_CHECK(read_more());
  std::string body = read_.substr(head + 4, length);
  if (headers.find("Connection: close") != std::string::npos)
    close();
  else
    read_.erase(0, head + 4 + length);
  return body;
}

Result<std::string> HttpGet::stream_until(const std::string& path, const std::string& text) {
  close();
  MR_CHECK(connect());
  MR_CHECK(send("GET " + path));
  while (read_.find(text) == std::string::npos) MR_CHECK(read_more());
  std::string all = std::move(read_);
  close();
  return all;
}

}  // namespace millrace::bench
