#include "tests/chaos/engines.h"

#include <fcntl.h>
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

std::string program() {
  const char* other = std::getenv("MILLRACE_BINARY");
  return other != nullptr ? other : MILLRACE_BINARY_DIR "/millrace";
}

std::string socket_folder_of(const std::string& dsn) {
  static const std::regex kHost("host='([^']*)'");
  std::smatch match;
  return std::regex_search(dsn, match, kHost) ? match[1].str() : "";
}

}  // namespace

Engines::Engines(fs::path folder, const std::string& dsn, fs::path dags)
    : folder_(std::move(folder)), dags_(std::move(dags)) {
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
  if (posix_spawn(&slot.pid, argv[0], &actions, nullptr, argv.data(), environment.data()) != 0)
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
      for (std::size_t i = 0; i < kCount; ++i)
        if (slots_[i].pid <= 0 || waitpid(slots_[i].pid, nullptr, WNOHANG) == slots_[i].pid)
          start(i);
    }
    std::this_thread::sleep_for(std::chrono::milliseconds{20});
  }
}

pid_t Engines::pid(std::size_t engine) const {
  const std::lock_guard lock(mutex_);
  return slots_[engine].pid;
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
  for (std::size_t i = 0; i < kCount; ++i)
    if (const pid_t own = pid(i); own > 0 && owner.ends_with(":" + std::to_string(own))) return i;
  return std::nullopt;
}

void Engines::kill_engine(std::size_t engine, std::vector<std::string> next_environment) {
  const std::lock_guard lock(mutex_);
  Slot& slot = slots_[engine];
  slot.next_environment = std::move(next_environment);
  if (slot.pid <= 0) return;
  kill(slot.pid, SIGKILL);
}

std::array<int, Engines::kCount> Engines::stop() {
  std::array<int, kCount> codes{};
  const std::lock_guard lock(mutex_);
  stopping_ = true;
  for (const auto& slot : slots_) kill(slot.pid, SIGTERM);
  for (std::size_t i = 0; i < kCount; ++i) {
    int status = 0;
    waitpid(slots_[i].pid, &status, 0);
    codes[i] = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
    slots_[i].pid = 0;
  }
  return codes;
}

}  // namespace millrace::chaos
