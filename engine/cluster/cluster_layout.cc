#include "engine/cluster/cluster_layout.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <sstream>

#include "engine/base/digest.h"
#include "engine/base/file.h"
#include "engine/cluster/child_process.h"

namespace millrace::pg {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kLongestSocketPath = 100;  // sockaddr_un has 108 bytes with the end
constexpr const char* kSocketName = ".s.PGSQL.5432";
constexpr const char* kFallbackRoot = "/var/lib/millrace";

std::string short_hash(const fs::path& path) { return sha256_hex(path.string()).substr(0, 16); }

/// Makes it accessible to us alone. Refuses what another user has put in its place.
Status make_private_folder(const fs::path& folder, const std::optional<SystemUser>& user) {
  const uid_t owner = user ? user->uid : ::geteuid();
  if (::mkdir(folder.c_str(), 0700) != 0 && errno != EEXIST)
    return unavailable("cannot make the folder '" + folder.string() + "': " + std::strerror(errno));
  struct stat info {};
  if (::lstat(folder.c_str(), &info) != 0 || !S_ISDIR(info.st_mode))
    return conflict("'" + folder.string() + "' is no folder; move it away");
  if (info.st_uid != owner && ::geteuid() == 0 && info.st_uid == 0 && user &&
      ::lchown(folder.c_str(), user->uid, user->gid) == 0)
    info.st_uid = owner;
  if (info.st_uid != owner)
    return make_error(ErrorCode::permission_denied,
                      "the folder '" + folder.string() + "' belongs to user " +
                          std::to_string(info.st_uid) + ", and must belong to user " +
                          std::to_string(owner) + "; start as the user who made it");
  if ((info.st_mode & 0777) != 0700 && ::chmod(folder.c_str(), 0700) != 0)
    return unavailable("cannot make '" + folder.string() + "' private: " + std::strerror(errno));
  return {};
}

ClusterLayout layout_at(const fs::path& home, std::optional<SystemUser> user) {
  ClusterLayout layout;
  layout.home = home;
  layout.data = home / "data";
  layout.log = home / "log";
  layout.sockets = home / "run";
  // libpq reads a comma in the name of a host as the end of it.
  if ((layout.sockets / kSocketName).string().size() > kLongestSocketPath ||
      layout.sockets.string().find(',') != std::string::npos)
    layout.sockets = fs::path(user ? "/run" : "/tmp") / ("millrace-" + short_hash(home));
  layout.user = std::move(user);
  return layout;
}

fs::path canonical_state(const fs::path& state_folder) {
  std::error_code error;
  const fs::path path = fs::weakly_canonical(state_folder, error);
  return error ? fs::absolute(state_folder) : path;
}

/// The home that an earlier start has chosen; empty: none.
fs::path recorded_home(const fs::path& state) {
  auto text = read_file(state / "pg-home", 4096).value_or("");
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

bool is_there(const fs::path& path) {
  std::error_code error;
  return fs::exists(path, error);
}

Result<fs::path> choose_home(const fs::path& state, const std::optional<SystemUser>& user) {
  if (const fs::path home = recorded_home(state); !home.empty()) return home;
  const fs::path home = state / "pg";
  MR_CHECK(make_private_folder(home, user));
  if (!user || can_write(*user, home)) return home;
  if (is_there(home / "data" / "PG_VERSION"))
    return make_error(ErrorCode::permission_denied,
                      "user '" + user->name + "' cannot enter '" + home.string() +
                          "', where the cluster is; let it pass (chmod o+x on the folders above)");
  const fs::path fallback = fs::path(kFallbackRoot) / short_hash(state);
  if (::mkdir(kFallbackRoot, 0755) != 0 && errno != EEXIST)
    return unavailable(std::string("cannot make '") + kFallbackRoot + "': " + std::strerror(errno));
  MR_CHECK(make_private_folder(fallback, user));
  MR_CHECK(write_file_atomic(state / "pg-home", fallback.string() + "\n"));
  return fallback;
}

template <typename Number>
Number number_in(const std::string& text) {
  Number value{};
  std::from_chars(text.data(), text.data() + text.size(), value);
  return value;
}

/// A postmaster of ours has the data folder among its arguments, which everybody may read.
bool serves(pid_t pid, const fs::path& data) {
  const std::string file = "/proc/" + std::to_string(pid) + "/cmdline";
  std::string arguments = read_file(file, 1u << 20).value_or("");
  arguments.insert(arguments.begin(), '\0');
  return arguments.find(std::string(1, '\0') + data.string() + '\0') != std::string::npos;
}

}  // namespace

std::string ClusterLayout::dsn() const {
  std::string host;
  for (const char c : sockets.string()) {
    if (c == '\'' || c == '\\') host += '\\';
    host += c;
  }
  return "host='" + host + "' port=5432 user=millrace dbname=postgres";
}

Result<ClusterLayout> prepare_layout(const fs::path& state_folder) {
  MR_CHECK(make_durable_folders(state_folder));
  MR_TRY(auto user, user_to_drop_to());
  MR_TRY(const fs::path home, choose_home(canonical_state(state_folder), user));
  MR_CHECK(make_private_folder(home, user));
  ClusterLayout layout = layout_at(home, std::move(user));
  MR_CHECK(make_private_folder(layout.sockets, layout.user));
  return layout;
}

Result<ClusterLayout> find_layout(const fs::path& state_folder) {
  MR_TRY(auto user, user_to_drop_to());
  const fs::path state = canonical_state(state_folder);
  const fs::path recorded = recorded_home(state);
  ClusterLayout layout = layout_at(recorded.empty() ? state / "pg" : recorded, std::move(user));
  if (!is_there(layout.data / "PG_VERSION"))
    return not_found("there is no database in the state folder '" + state_folder.string() +
                     "'; `millrace up` makes one");
  return layout;
}

std::optional<Postmaster> running_postmaster(const fs::path& data) {
  std::istringstream text(read_file(data / "postmaster.pid", 4096).value_or(""));
  std::string lines[8];
  for (auto& line : lines) std::getline(text, line);
  const auto pid = number_in<pid_t>(lines[0]);
  if (pid <= 0 || !serves(pid, data)) return std::nullopt;
  return Postmaster{pid, lines[7].starts_with("ready")};
}

}  // namespace millrace::pg
