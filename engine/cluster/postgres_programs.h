// The PostgreSQL programs on this machine, and the user that they may run as.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/result.h"

namespace millrace::pg {

struct PostgresPrograms {
  std::filesystem::path initdb;
  std::filesystem::path postgres;
  int major = 0;  // version
};

/// The newest of version 14 or later: on PATH or where Debian puts them, else where
/// pg_config says. The
/// error tells what to install.
Result<PostgresPrograms> find_postgres_programs();

/// PostgreSQL refuses to run as root.
struct SystemUser {
  std::string name;
  uid_t uid = 0;
  gid_t gid = 0;
};

/// Who the programs run as when this process is root: `postgres` where there is such a user, else
/// `nobody`; nullopt when this process is not root and they simply run as its user.
Result<std::optional<SystemUser>> user_to_drop_to();

}  // namespace millrace::pg
