#include "engine/cluster/postgres_programs.h"

#include <pwd.h>
#include <unistd.h>

#include <cstdlib>
#include <sstream>

#include "engine/base/process.h"

namespace millrace::pg {
namespace {

constexpr int kOldestMajor = 14;
constexpr const char* kDebianFolder = "/usr/lib/postgresql";

/// What the program writes on its first line; "" if it cannot be run.
std::string first_line_of(const std::vector<std::string>& argv) {
  const std::string text = output_of(argv, 64u << 10).value_or("");
  return text.substr(0, text.find('\n'));
}

/// Where Debian puts it: "/usr/lib/postgresql/15/bin/postgres" → 15; 0 if it is elsewhere.
int major_by_place(const std::filesystem::path& postgres) {
  const auto version = postgres.parent_path().parent_path();
  return version.parent_path() == kDebianFolder ? std::atoi(version.filename().c_str()) : 0;
}

/// "postgres (PostgreSQL) 15.8 (Debian …)" → 15; 0 if it is something else.
int major_of(const std::filesystem::path& postgres) {
  std::error_code error;
  const int known = major_by_place(std::filesystem::canonical(postgres, error));
  if (known > 0) return known;  // starting a program would cost a start of ours 10 ms
  const std::string text = first_line_of({postgres.string(), "--version"});
  const auto at = text.find("(PostgreSQL) ");
  return at == std::string::npos ? 0 : std::atoi(text.c_str() + at + 13);
}

using Folders = std::vector<std::filesystem::path>;

Folders likely_folders() {
  Folders folders;
  if (const char* path = std::getenv("PATH")) {
    std::istringstream in(path);
    for (std::string folder; std::getline(in, folder, ':');)
      if (!folder.empty()) folders.emplace_back(folder);
  }
  std::error_code error;
  for (const auto& version : std::filesystem::directory_iterator(kDebianFolder, error))
    folders.push_back(version.path() / "bin");
  return folders;
}

Folders folder_by_pg_config() {
  const std::string bin = first_line_of({"pg_config", "--bindir"});
  return bin.empty() ? Folders() : Folders{bin};
}

/// The newest; major 0: there is none.
PostgresPrograms newest_in(const Folders& folders) {
  PostgresPrograms best;
  for (const auto& folder : folders) {
    const PostgresPrograms found{folder / "initdb", folder / "postgres", 0};
    if (::access(found.initdb.c_str(), X_OK) != 0 || ::access(found.postgres.c_str(), X_OK) != 0)
      continue;
    const int major = major_of(found.postgres);
    if (major > best.major) best = {found.initdb, found.postgres, major};
  }
  return best;
}

}  // namespace

Result<PostgresPrograms> find_postgres_programs() {
  PostgresPrograms best = newest_in(likely_folders());
  if (best.major == 0) best = newest_in(folder_by_pg_config());
  if (best.major == 0)
    return not_found(
        "no PostgreSQL server programs (initdb, postgres) were found on PATH or in "
        "/usr/lib/postgresql; install them (Debian: apt-get install postgresql), or name a server "
        "with --db postgresql://…");
  if (best.major < kOldestMajor)
    return make_error(ErrorCode::unsupported,
                      "PostgreSQL " + std::to_string(best.major) + " at '" +
                          best.postgres.string() + "' is too old; version " +
                          std::to_string(kOldestMajor) + " or later is needed");
  return best;
}

Result<std::optional<SystemUser>> user_to_drop_to() {
  if (::geteuid() != 0) return std::optional<SystemUser>();
  for (const char* name : {"postgres", "nobody"})
    if (const passwd* entry = ::getpwnam(name))
      return std::optional(SystemUser{name, entry->pw_uid, entry->pw_gid});
  return make_error(ErrorCode::permission_denied,
                    "PostgreSQL does not run as root, and there is no user 'postgres' to run it "
                    "as; create one, or start as another user");
}

}  // namespace millrace::pg
