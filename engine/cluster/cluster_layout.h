// Where the files of a private cluster are, for one state folder.
//
// Its home is `<state>/pg`. Where PostgreSQL must run as another user (we are root) and that user
// cannot enter the state folder, the home is `/var/lib/millrace/<hash of the folder's path>`
// instead, and `<state>/pg-home` says so. The socket is in `<home>/run`; a path too long for a
// socket is replaced by a private folder with a short name.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include "engine/base/result.h"
#include "engine/cluster/postgres_programs.h"

namespace millrace::pg {

struct ClusterLayout {
  std::filesystem::path home, data, sockets, log;
  std::optional<SystemUser>
      user;  // who owns the home and runs the server; nullopt: the user of this process

  /// For libpq. No password: who may enter the socket's folder may connect.
  std::string dsn() const;
};

/// Makes the folders (0700) where they are missing. A cluster that was made before is found again
/// or is an error: it is never replaced by an empty one.
Result<ClusterLayout> prepare_layout(const std::filesystem::path& state_folder);

/// Of a cluster that exists; `not_found` otherwise. Changes nothing.
Result<ClusterLayout> find_layout(const std::filesystem::path& state_folder);

/// What `postmaster.pid` says about the server on a data folder.
struct Postmaster {
  pid_t pid = 0;
  bool ready = false;  // accepts connections
};
/// nullopt: no server runs on it (a file that a crash left behind does not count).
std::optional<Postmaster> running_postmaster(const std::filesystem::path& data);

}  // namespace millrace::pg
