#include "tests/http/http_client.h"

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#include <utility>

namespace millrace::testing {

Json HttpReply::json() const {
  auto parsed = Json::parse(body);
  EXPECT_TRUE(parsed.ok()) << body;
  return parsed ? *parsed : Json();
}

HttpClient::HttpClient(int port) {
  socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const timeval limit{60, 0};
  ::setsockopt(socket_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
  ::setsockopt(socket_, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(0, ::connect(socket_, reinterpret_cast<sockaddr*>(&address), sizeof address));
}
HttpClient::~HttpClient() { ::close(socket_); }

void HttpClient::send(std::string_view raw) {
  while (!raw.empty()) {
    const long n = write_some(raw.data(), raw.size());
    if (n <= 0) return;  // the server has closed: receive() tells
    raw.remove_prefix(static_cast<std::size_t>(n));
  }
}

long HttpClient::read_some(char* data, std::size_t size) { return ::recv(socket_, data, size, 0); }

long HttpClient::write_some(const char* data, std::size_t size) {
  return ::send(socket_, data, size, MSG_NOSIGNAL);
}

bool HttpClient::fill() {
  char block[16 * 1024];
  const long n = read_some(block, sizeof block);
  if (n > 0) buffer_.append(block, static_cast<std::size_t>(n));
  return n > 0;
}

HttpReply HttpClient::receive() {
  std::size_t end = 0;
  while ((end = buffer_.find("\r\n\r\n")) == std::string::npos)
    if (!fill()) return {};
  HttpReply out;
  out.headers = buffer_.substr(0, end + 2);
  out.status = std::stoi(out.headers.substr(9, 3));
  buffer_.erase(0, end + 4);
  const auto at = out.headers.find("Content-Length: ");
  const std::size_t length = at == std::string::npos ? 0 : std::stoul(out.headers.substr(at + 16));
  while (buffer_.size() < length)
    if (!fill()) return {};
  out.body = buffer_.substr(0, length);
  buffer_.erase(0, length);
  return out;
}

std::string HttpClient::rest() {
  while (fill()) {
  }
  return std::exchange(buffer_, {});
}

bool HttpClient::closed() { return buffer_.empty() && !fill(); }

bool HttpClient::closed_within(std::chrono::milliseconds time) {
  pollfd entry{socket_, POLLIN, 0};
  return ::poll(&entry, 1, static_cast<int>(time.count())) > 0 && !fill();
}

void HttpClient::end_sending() { ::shutdown(socket_, SHUT_WR); }

std::string HttpClient::peek(std::size_t bytes) {
  std::string out(bytes, '\0');
  const ssize_t n = ::recv(socket_, out.data(), bytes, MSG_PEEK | MSG_WAITALL);
  out.resize(n > 0 ? static_cast<std::size_t>(n) : 0);
  return out;
}

HttpReply HttpClient::get(const std::string& path) {
  send("GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
  return receive();
}

HttpReply HttpClient::post(const std::string& path, const std::string& body,
                           const std::string& headers) {
  send("POST " + path + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n" +
       headers + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body);
  return receive();
}

}  // namespace millrace::testing
