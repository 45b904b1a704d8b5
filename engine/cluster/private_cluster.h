// PrivateCluster: a PostgreSQL server of our own in the state folder, for when no --db is given. It
// listens on a Unix socket that only its user (and root) can reach, with durable settings, and ends
// with this process: on `stop`, and also when the process is killed. A server that ends by
// itself is started again.
//
// The caller holds the StateLock of the folder. A server that a killed process left behind is taken
// over.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <memory>
#include <string>

#include "engine/base/result.h"
#include "engine/base/time.h"

namespace millrace {

/// Thread-safe.
class PrivateCluster {
 public:
  /// Makes the cluster if there is none, starts it, and returns when it accepts connections: under
  /// a second, or a few seconds the first time. Errors name the cure.
  static Result<std::unique_ptr<PrivateCluster>> start(const std::filesystem::path& state_folder);

  /// The address of the cluster that another process runs on this folder; not_found if none does.
  static Result<std::string> dsn_of(const std::filesystem::path& state_folder);

  /// Where the cluster of this folder keeps its data; not_found if there is none.
  static Result<std::filesystem::path> data_of(const std::filesystem::path& state_folder);

  ~PrivateCluster();
  PrivateCluster(const PrivateCluster&) = delete;
  PrivateCluster& operator=(const PrivateCluster&) = delete;

  /// For Database::open. Stays the same when the server is started again.
  std::string dsn() const;
  /// Waits until the server accepts connections (it may just be starting again after a crash).
  Status ensure_running(Duration timeout = std::chrono::seconds{30});
  /// Ends the server cleanly; every connection is closed. Again is harmless.
  void stop();

  /// Of the server; 0 while there is none. It changes when the server is started again.
  pid_t postmaster() const;
  const std::filesystem::path& data_folder() const;
  const std::filesystem::path& log_file() const;

 private:
  class Supervisor;
  explicit PrivateCluster(std::unique_ptr<Supervisor> supervisor);
  std::unique_ptr<Supervisor> supervisor_;
};

}  // namespace millrace
