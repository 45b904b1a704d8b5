#include "engine/pg/postgres_programs.h"

#include <pwd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <sstream>

namespace millrace::pg {
namespace {

constexpr int kOldestMajor = 14;

/// What the program writes on its first line; "" if it cannot be run.
std::string first_line_of(const std::string& command) {
  FILE* pipe = ::popen((command + " 2>/dev/null").c_str(), "re");
  if (pipe == nullptr) return {};
  std::array<char, 512> line{};
  const bool got = std::fgets(line.data(), line.size(), pipe) != nullptr;
  ::pclose(pipe);
  std::string text = got ? line.data() : "";
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

std::string quoted(const std::filesystem::path& path) {
  std::string out = "'";
  for (const char c : path.string()) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

/// "postgres (PostgreSQL) 15.8 (Debian …)" → 15; 0 if it is something else.
int major_of(const std::filesystem::path& postgres) {
  const std::string text = first_line_of(quoted(postgres) + " --version");
  const auto at = text.find("(PostgreSQL) ");
  return at == std::string::npos ? 0 : std::atoi(text.c_str() + at + 13);
}

std::vector<std::filesystem::path> candidate_folders() {
  std::vector<std::filesystem::path> folders;
  if (const char* path = std::getenv("PATH")) {
    std::istringstream in(path);
    for (std::string folder; std::getline(in, folder, ':');)
      if (!folder.empty()) folders.emplace_back(folder);
  }
  std::error_code error;
  for (const auto& version : std::filesystem::directory_iterator("/usr/lib/postgresql", error))
    folders.push_back(version.path() / "bin");
  if (const std::string bin = first_line_of("pg_config --bindir"); !bin.empty())
    folders.emplace_back(bin);
  return folders;
}

}  // namespace

Result<PostgresPrograms> find_postgres_programs() {
  PostgresPrograms best;
  for (const auto& folder : candidate_folders()) {
    const PostgresPrograms found{folder / "initdb", folder / "postgres", 0};
    if (::access(found.initdb.c_str(), X_OK) != 0 || ::access(found.postgres.c_str(), X_OK) != 0)
      continue;
    const int major = major_of(found.postgres);
    if (major > best.major) best = {found.initdb, found.postgres, major};
  }
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
