// Live: the product itself, `millrace up`, as a process of its own; for what a rig inside the bench
// would blur: start, memory, everything at once.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/result.h"

namespace millrace::bench {

/// The release binary beside this program; `not_found` names the cure.
Result<std::filesystem::path> millrace_binary();

/// Not thread-safe.
class Live {
 public:
  /// Starts `millrace --state STATE MORE… up --dags DAGS` on free ports and waits until it is
  /// ready.
  static Result<std::unique_ptr<Live>> start(const std::filesystem::path& state,
                                             const std::filesystem::path& dags,
                                             const std::vector<std::string>& more = {});
  /// Stops it as Ctrl-C does, and waits for its end.
  ~Live();
  Live(const Live&) = delete;
  Live& operator=(const Live&) = delete;

  int port() const { return port_; }
  /// Seconds from its start until /readyz said yes.
  double ready_s() const { return ready_s_; }
  /// Bytes of memory that the engine's process holds; runners and PostgreSQL have their own.
  std::int64_t resident_bytes() const;

 private:
  Live(pid_t pid, std::filesystem::path log) : pid_(pid), log_(std::move(log)) {}
  Status wait_until_ready();
  Status find_port();

  const pid_t pid_;
  const std::filesystem::path log_;  // what it prints
  int port_ = 0;
  double ready_s_ = 0;
};

}  // namespace millrace::bench
