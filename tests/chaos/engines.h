// Two real engines on one PostgreSQL, each behind a proxy of its own, started again when they die.
#pragma once

#include <sys/types.h>

#include <array>
#include <chrono>
#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "tests/chaos/machine.h"
#include "tests/chaos/processes.h"
#include "tests/chaos/proxy.h"

namespace millrace::chaos {

using Seconds = std::chrono::duration<double>;

/// The millrace of this build, or $MILLRACE_BINARY.
std::string program();

/// Thread-safe. At the end every engine is killed.
class Engines {
 public:
  static constexpr std::size_t kCount = 2;

  /// `dsn` names the server directly; the engines get to it through proxies. State folders, logs
  /// and proxies stand in `folder`.
  /// With `namespaces` each is the first process of a PID namespace of its own, as in a container:
  /// both have one name and the number 1, and neither sees what the other runs.
  Engines(std::filesystem::path folder, const std::string& dsn, std::filesystem::path dags,
          bool namespaces = false);
  ~Engines();
  Engines(const Engines&) = delete;
  Engines& operator=(const Engines&) = delete;

  Proxy& proxy(std::size_t engine) { return *proxies_[engine]; }
  /// On which it and all that it starts live.
  Machine& machine(std::size_t engine) { return *machines_[engine]; }
  /// 0 while it is down.
  pid_t pid(std::size_t engine) const;
  /// Its runner processes.
  std::vector<pid_t> runners(std::size_t engine) const;
  /// Where its API listens, "http://127.0.0.1:PORT"; "" while it is down.
  std::string api(std::size_t engine) const;
  /// The engine whose process id is in the owner's name ("host:pid:random"); in namespaces the one
  /// that says that it leads. None if neither.
  std::optional<std::size_t> with_owner(const std::string& owner) const;

  /// SIGKILL; a further environment ("NAME=value") for its next life only.
  void kill_engine(std::size_t engine, std::vector<std::string> next_environment = {});
  /// SIGKILL for it and all its runners, so that none of them can end what it has started.
  void kill_with_runners(std::size_t engine);
  /// While on, it is not started again when it dies.
  void keep_down(std::size_t engine, bool on);
  /// SIGTERM to both, and none is started again; the exit codes. One that stays is killed.
  std::array<int, kCount> stop();

 private:
  struct Slot {
    pid_t pid = 0;  // what we started: the engine, or what made its namespace
    std::vector<std::string> next_environment;
    bool keep_down = false;
  };
  static pid_t engine_of(pid_t started, bool namespaces);
  std::filesystem::path state(std::size_t engine) const;
  void start(std::size_t engine);  // REQUIRES: mutex_
  void tend();

  bool says_it_leads(std::size_t engine) const;

  std::filesystem::path folder_, dags_;
  bool namespaces_;
  std::array<std::unique_ptr<Proxy>, kCount> proxies_;
  std::array<std::unique_ptr<Machine>, kCount> machines_;
  mutable std::mutex mutex_;
  std::array<Slot, kCount> slots_;  // guarded by mutex_
  bool stopping_ = false;           // guarded by mutex_
  std::thread tender_;
};

/// Sleeps in small pieces until `holds` is true; how long that took, or none after `limit`.
template <typename Holds>
std::optional<Seconds> time_until(const Holds& holds, Seconds limit) {
  const auto begin = std::chrono::steady_clock::now();
  for (;;) {
    if (holds()) return std::chrono::steady_clock::now() - begin;
    if (std::chrono::steady_clock::now() - begin > limit) return std::nullopt;
    std::this_thread::sleep_for(std::chrono::milliseconds{2});
  }
}

}  // namespace millrace::chaos
