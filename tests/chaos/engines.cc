#include "tests/chaos/engines.h"

#include <fcntl.h>
#include <httplib.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <regex>
#include <sstream>

#include "engine/base/file.h"
#include "engine/base/json.h"

namespace millrace::chaos {
namespace {

namespace fs = std::filesystem;

std::string socket_folder_of(const std::string& dsn) {
  static const std::regex kHost("host='([^']*)'");
  std::smatch match;
  return std::regex_search(dsn, match, kHost) ? match[1].str() : "";
}

}  // namespace

std::string program() {
  const char* other = std::getenv("MILLRACE_BINARY");
  return other != nullptr ? other : MILLRACE_BINARY_DIR "/millrace";
}

Engines::Engines(fs::path folder, const std::string& dsn, fs::path dags, bool namespaces)
    : folder_(std::move(folder)), dags_(std::move(dags)), namespaces_(namespaces) {
  for (std::size_t i = 0; i < kCount; ++i) {
    proxies_[i] =
        std::make_unique<Proxy>(folder_ / ("net" + std::to_string(i)), socket_folder_of(dsn));
    machines_[i] = std::make_unique<Machine>(folder_ / ("machine" + std::to_string(i)));
  }
  {
    const std::lock_guard lock(mutex_);
    for (std::size_t i = 0; i < kCount; ++i) start(i);
  }
  tender_ = std::thread([this] { tend(); });
}

Engines::~Engines() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  tender_.join();
  for (const auto& slot : slots_)
    if (slot.pid > 0) {
      kill(slot.pid, SIGKILL);
      waitpid(slot.pid, nullptr, 0);
    }
}

fs::path Engines::state(std::size_t engine) const {
  return folder_ / ("engine" + std::to_string(engine));
}

void Engines::start(std::size_t engine) {
  const fs::path home = state(engine);
  fs::create_directories(home);
  fs::remove(home / "engine.json");
  std::vector<std::string> words = {
      program(),
      "--state",
      home.string(),
      "--db",
      "host='" + proxies_[engine]->folder().string() + "' port=5432 user=millrace dbname=postgres",
      "--log-json",
      "up",
      "--dags",
      dags_.string(),
      "--port",
      "0",
      "--serve-port",
      "0",
      "--workers",
      "2"};
  if (namespaces_)
    words.insert(words.begin(), {"unshare", "--pid", "--fork", "--kill-child", "--mount-proc"});
  Slot& slot = slots_[engine];
  std::vector<std::string> entries = environment_with(machines_[engine]->environment());
  entries.insert(entries.end(), slot.next_environment.begin(), slot.next_environment.end());
  auto argv = pointers_to(words), environment = pointers_to(entries);

  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  const std::string log = home.string() + ".log";
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, log.c_str(),
                                   O_WRONLY | O_CREAT | O_APPEND, 0600);
  posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
  if (posix_spawnp(&slot.pid, argv[0], &actions, nullptr, argv.data(), environment.data()) != 0)
    slot.pid = 0;
  posix_spawn_file_actions_destroy(&actions);
  slot.next_environment.clear();
}

/// Starts again what has died.
void Engines::tend() {
  for (;;) {
    {
      const std::lock_guard lock(mutex_);
      if (stopping_) return;
      for (std::size_t i = 0; i < kCount; ++i) {
        Slot& slot = slots_[i];
        if (slot.pid > 0 && waitpid(slot.pid, nullptr, WNOHANG) == slot.pid) slot.pid = 0;
        if (slot.pid <= 0 && !slot.keep_down) start(i);
      }
    }
    std::this_thread::sleep_for(std::chrono::milliseconds{20});
  }
}

/// 0 while there is none.
pid_t Engines::engine_of(pid_t started, bool namespaces) {
  if (!namespaces || started <= 0) return started;
  const auto children = children_of(started);
  return children.empty() ? 0 : children.front();
}

pid_t Engines::pid(std::size_t engine) const {
  const std::lock_guard lock(mutex_);
  return engine_of(slots_[engine].pid, namespaces_);
}

std::vector<pid_t> Engines::runners(std::size_t engine) const {
  const pid_t parent = pid(engine);
  return parent > 0 ? children_of(parent) : std::vector<pid_t>();
}

std::string Engines::api(std::size_t engine) const {
  const auto text = read_file(state(engine) / "engine.json", 1 << 16);
  const auto endpoint = text ? Json::parse(*text) : Result<Json>(Json::object());
  if (!endpoint || !(*endpoint)["api"].is_string()) return "";
  return (*endpoint)["api"].as_string();
}

std::optional<std::size_t> Engines::with_owner(const std::string& owner) const {
  for (std::size_t i = 0; namespaces_ && i < kCount; ++i)
    if (says_it_leads(i)) return i;
  for (std::size_t i = 0; !namespaces_ && i < kCount; ++i)
    if (const pid_t own = pid(i);
        own > 0 && owner.find(":" + std::to_string(own) + ":") != std::string::npos)
      return i;
  return std::nullopt;
}

bool Engines::says_it_leads(std::size_t engine) const {
  const std::string address = api(engine);
  if (address.empty()) return false;
  httplib::Client client(address);
  client.set_connection_timeout(std::chrono::milliseconds{200});
  client.set_read_timeout(std::chrono::milliseconds{200});
  const auto answer = client.Get("/healthz");
  const auto body = answer ? Json::parse(answer->body) : Result<Json>(Json());
  return body && (*body)["leader"].as_bool(false);
}

void Engines::kill_engine(std::size_t engine, std::vector<std::string> next_environment) {
  const std::lock_guard lock(mutex_);
  Slot& slot = slots_[engine];
  slot.next_environment = std::move(next_environment);
  if (const pid_t own = engine_of(slot.pid, namespaces_); own > 0) kill(own, SIGKILL);
}

void Engines::keep_down(std::size_t engine, bool on) {
  const std::lock_guard lock(mutex_);
  slots_[engine].keep_down = on;
}

void Engines::kill_with_runners(std::size_t engine) {
  const std::lock_guard lock(mutex_);
  const pid_t pid = engine_of(slots_[engine].pid, namespaces_);
  if (pid <= 0) return;
  // Stopped first: a runner would use the moment between the two to end what it has started.
  kill(pid, SIGSTOP);
  std::vector<pid_t> family = children_of(pid);
  for (const pid_t runner : family) kill(runner, SIGSTOP);
  kill(pid, SIGKILL);
  for (const pid_t runner : family) kill(runner, SIGKILL);
}

std::array<int, Engines::kCount> Engines::stop() {
  constexpr Seconds kLongest{90};  // a drain waits for 30 s
  std::array<int, kCount> codes{};
  const std::lock_guard lock(mutex_);
  stopping_ = true;
  for (const auto& slot : slots_)
    if (const pid_t own = engine_of(slot.pid, namespaces_); own > 0) kill(own, SIGTERM);
  for (std::size_t i = 0; i < kCount; ++i) {
    int status = 0;
    const auto ended = [&] { return waitpid(slots_[i].pid, &status, WNOHANG) == slots_[i].pid; };
    if (!time_until(ended, kLongest)) {
      kill(slots_[i].pid, SIGKILL);
      waitpid(slots_[i].pid, &status, 0);
    }
    codes[i] = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    slots_[i].pid = 0;
  }
  return codes;
}

}  // namespace millrace::chaos
