#include "tests/chaos/proxy.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstring>
#include <string_view>

namespace millrace::chaos {
namespace {

constexpr const char* kSocketName = ".s.PGSQL.5432";

sockaddr_un address_of(const std::filesystem::path& folder) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string path = (folder / kSocketName).string();
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  return address;
}

bool write_all(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t size = send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return false;
    bytes.remove_prefix(static_cast<std::size_t>(size));
  }
  return true;
}

/// A message that names a prepared append (engine/pg/append_statement.h), or the end of a
/// transaction.
bool makes_durable(std::string_view bytes) {
  using namespace std::string_view_literals;
  return bytes.find("\0append_"sv) != bytes.npos || bytes.find("COMMIT"sv) != bytes.npos;
}

}  // namespace

struct Proxy::Pair {
  int client = -1, server = -1;
  bool loses_answer = false;
  void close_both() {
    close(client);
    close(server);
    client = server = -1;
  }
};

Proxy::Proxy(std::filesystem::path folder, std::filesystem::path server_folder)
    : folder_(std::move(folder)), server_folder_(std::move(server_folder)) {
  std::filesystem::create_directories(folder_);
  listener_ = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_un address = address_of(folder_);
  unlink(address.sun_path);
  if (bind(listener_, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      listen(listener_, 64) != 0)
    throw std::system_error(errno, std::generic_category(), "cannot listen in " + folder_.string());
  wake_ = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  thread_ = std::thread([this] { run(); });
}

Proxy::~Proxy() {
  stop_ = true;
  wake();
  thread_.join();
  close(listener_);
  close(wake_);
}

void Proxy::cut() {
  cut_ = true;
  wake();
}

void Proxy::hold(bool on) {
  hold_ = on;
  wake();
}

void Proxy::lose_next_answer() { lose_ = true; }

void Proxy::wake() {
  const std::uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = write(wake_, &one, sizeof one);
}

void Proxy::run() {
  while (!stop_) {
    std::vector<pollfd> watched = {{wake_, POLLIN, 0}};
    if (!hold_) {
      watched.push_back({listener_, POLLIN, 0});
      for (const auto& pair : pairs_) {
        watched.push_back({pair.client, POLLIN, 0});
        watched.push_back({pair.server, POLLIN, 0});
      }
    }
    const bool held = watched.size() == 1;
    poll(watched.data(), watched.size(), -1);
    std::uint64_t drained = 0;
    [[maybe_unused]] const ssize_t size = read(wake_, &drained, sizeof drained);
    if (cut_.exchange(false)) {
      for (auto& pair : pairs_) pair.close_both();
      pairs_.clear();
      continue;
    }
    if (held || hold_) continue;
    for (std::size_t i = 0; i < pairs_.size(); ++i)
      if (!pass_on(pairs_[i], watched[2 + 2 * i].revents != 0, watched[3 + 2 * i].revents != 0))
        pairs_[i].close_both();
    std::erase_if(pairs_, [](const Pair& pair) { return pair.client < 0; });
    if (watched[1].revents != 0) accept_one();
  }
  for (auto& pair : pairs_) pair.close_both();
}

void Proxy::accept_one() {
  Pair pair;
  pair.client = accept4(listener_, nullptr, nullptr, SOCK_CLOEXEC);
  if (pair.client < 0) return;
  pair.server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_un address = address_of(server_folder_);
  if (connect(pair.server, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0)
    pairs_.push_back(pair);
  else
    pair.close_both();
}

bool Proxy::pass_on(Pair& pair, bool from_client, bool from_server) {
  std::array<char, 65536> buffer;
  const auto receive = [&](int fd) {
    const ssize_t size = recv(fd, buffer.data(), buffer.size(), MSG_DONTWAIT);
    return std::string_view(buffer.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
  };
  if (from_client) {
    const std::string_view bytes = receive(pair.client);
    if (bytes.empty()) return false;
    if (makes_durable(bytes) && lose_.exchange(false)) pair.loses_answer = true;
    if (!write_all(pair.server, bytes)) return false;
  }
  if (from_server) {
    const std::string_view bytes = receive(pair.server);
    if (bytes.empty()) return false;
    if (pair.loses_answer) {
      ++answers_lost_;
      return false;
    }
    if (!write_all(pair.client, bytes)) return false;
  }
  return true;
}

}  // namespace millrace::chaos
