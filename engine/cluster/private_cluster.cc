#include "engine/cluster/private_cluster.h"

#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <utility>

#include "engine/base/file.h"
#include "engine/base/log.h"
#include "engine/base/mutex.h"
#include "engine/base/process.h"
#include "engine/base/service.h"
#include "engine/cluster/child_process.h"
#include "engine/cluster/cluster_layout.h"

namespace millrace {
namespace {

namespace fs = std::filesystem;
using std::chrono::milliseconds;
using std::chrono::seconds;

constexpr std::uintmax_t kLongestLog = 8u << 20;

/// Sized for a small machine that also runs the engine. Given on the command line at every start,
/// so that a new version of Millrace brings its own.
constexpr std::array<std::pair<const char*, const char*>, 24> kSettings = {{
    {"listen_addresses", ""},
    {"unix_socket_permissions", "0700"},
    {"max_connections", "60"},
    // Nothing that was confirmed is ever lost.
    {"fsync", "on"},
    {"synchronous_commit", "on"},
    {"full_page_writes", "on"},
    // No replica, no archive: the shortest log.
    {"wal_level", "minimal"},
    {"max_wal_senders", "0"},
    {"wal_compression", "lz4"},
    {"wal_buffers", "16MB"},
    {"max_wal_size", "2GB"},
    {"checkpoint_timeout", "15min"},
    {"shared_buffers", "256MB"},
    {"effective_cache_size", "1GB"},
    {"random_page_cost", "1.1"},
    {"max_parallel_workers_per_gather", "0"},
    {"jit", "off"},
    // By its default, tables of a person who connects as millrace would be in Millrace's schema.
    {"search_path", "public"},
    {"default_toast_compression", "lz4"},
    {"autovacuum", "on"},
    {"logging_collector", "off"},
    {"log_destination", "stderr"},
    {"log_min_messages", "warning"},
    {"log_line_prefix", "%m [%p] "},
}};

/// An append takes some hundred kilobytes of memory and frees them. By its defaults the allocator
/// gives them back to the kernel each time, and a fifth of a backend's time goes into getting them
/// again, page by page.
const std::vector<std::string> kKeepMemory = {"MALLOC_TRIM_THRESHOLD_=67108864",
                                              "MALLOC_MMAP_THRESHOLD_=33554432",
                                              "MALLOC_TOP_PAD_=1048576"};

/// A list setting takes commas and spaces in a name only within double quotes.
std::string quoted_for_list(const fs::path& path) {
  std::string out = "\"";
  for (const char c : path.string()) out += c == '"' ? std::string("\"\"") : std::string(1, c);
  return out + "\"";
}

std::vector<std::string> server_command(const pg::PostgresPrograms& programs,
                                        const pg::ClusterLayout& layout) {
  std::vector<std::string> command = {programs.postgres.string(), "-D", layout.data.string(), "-k",
                                      quoted_for_list(layout.sockets)};
  for (const auto& [name, value] : kSettings) {
    const bool is_too_new = programs.major < 15 && std::string_view(name) == "wal_compression";
    command.emplace_back("-c");
    command.push_back(std::string(name) + "=" + (is_too_new ? "on" : value));
  }
  return command;
}

/// Into another folder, renamed at the end: a cluster is complete or not there.
Status make_cluster(const pg::PostgresPrograms& programs, const pg::ClusterLayout& layout) {
  const fs::path fresh = layout.home / "data.new";
  std::error_code error;
  fs::remove_all(fresh, error);
  pg::ChildSpec initdb;
  initdb.command = {programs.initdb.string(), "-D",
                    fresh.string(),           "--username=millrace",
                    "--encoding=UTF8",        "--locale=C",
                    "--auth-local=trust",     "--auth-host=reject",
                    "--data-checksums",       "--no-instructions"};
  initdb.user = layout.user;
  initdb.output = layout.log;
  initdb.folder = layout.home;
  MR_CHECK(pg::run_to_end(initdb, "making a PostgreSQL cluster in '" + layout.home.string() + "'"));
  fs::rename(fresh, layout.data, error);  // initdb has flushed what is in it
  if (error) return unavailable("cannot move the new cluster into place: " + error.message());
  MR_CHECK(flush_folder(layout.home));
  return flush_folder(layout.home.parent_path());
}

/// The server writes at the end of the file (O_APPEND), so that it may be cut under its hands.
void bound_log(const fs::path& log) {
  std::error_code error;
  if (fs::file_size(log, error) <= kLongestLog || error) return;
  fs::copy_file(log, log.string() + ".1", fs::copy_options::overwrite_existing, error);
  fs::resize_file(log, 0, error);
}

std::string end_of(const fs::path& log, std::uintmax_t from) {
  const std::string text = read_file(log, kLongestLog + (1u << 20)).value_or("");
  return from < text.size() ? text.substr(from, 2000) : "";
}

}  // namespace

/// Owns the thread that starts the server, watches it, and starts it again. The server is that
/// thread's child, and gets a signal when that thread ends.
class PrivateCluster::Supervisor {
 public:
  Supervisor(pg::PostgresPrograms programs, pg::ClusterLayout layout)
      : programs_(std::move(programs)), layout_(std::move(layout)) {}
  ~Supervisor() { stop(); }

  Status start() {
    service_.fd();
    service_.start([this] { run(); });
    return wait_until_ready(seconds{90});
  }

  Status wait_until_ready(Duration timeout) {
    MutexLock lock(mutex_);
    const bool settled = changed_.wait_for(
        lock, timeout, [&]() REQUIRES(mutex_) { return ready_ || failure_ || stopping_; });
    if (ready_) return {};
    if (failure_) return *failure_;
    return unavailable(settled ? "the private PostgreSQL was stopped"
                               : "the private PostgreSQL is not ready yet; see '" +
                                     layout_.log.string() + "'");
  }

  void stop() {
    {
      const MutexLock lock(mutex_);
      stopping_ = true;
      changed_.notify_all();
    }
    service_.stop();
  }

  pid_t postmaster() const {
    const MutexLock lock(mutex_);
    return pid_;
  }
  const pg::ClusterLayout& layout() const { return layout_; }

 private:
  void run() {
    for (bool first = true; !stop_requested(milliseconds{0}); first = false) {
      bound_log(layout_.log);
      if (const Status up = bring_up(); !up) {
        note_failure(up.error(), first);
        if (first || stop_requested(seconds{1})) return shut_down();
        continue;
      }
      note_ready();
      if (watch()) return shut_down();
      log::warning("the private PostgreSQL ended by itself and is started again",
                   {{"log", layout_.log.string()}});
      reap();
    }
    shut_down();
  }

  /// Until a server accepts connections: one that a killed engine left behind, or a new one.
  Status bring_up() {
    constexpr int kTries = 200;
    for (int i = 0; i < kTries; ++i) {
      const auto found = pg::running_postmaster(layout_.data);
      if (!found) {
        MR_TRY(const bool running, start_server());
        if (running) return {};
      } else if (found->ready) {
        set_pid(found->pid, false);
        return {};
      } else {
        wait_for_exit(found->pid, milliseconds{50});  // it is coming or going
      }
      if (stop_requested(milliseconds{i < 3 ? 0 : 50})) return unavailable("stopped");
    }
    return unavailable("the private PostgreSQL does not become ready; see '" +
                       layout_.log.string() + "'");
  }

  /// False: something of a server before it is still there, which soon will not be.
  Result<bool> start_server() {
    pg::ChildSpec server;
    server.command = server_command(programs_, layout_);
    server.user = layout_.user;
    server.output = layout_.log;
    server.folder = layout_.home;
    server.variables = kKeepMemory;
    server.signal_on_parent_death = SIGINT;
    std::error_code error;
    const auto log_size = fs::file_size(layout_.log, error);
    MR_TRY(const pid_t pid, pg::spawn(server));
    set_pid(pid, true);
    while (!wait_for_exit(pid, milliseconds{1})) {
      const auto found = pg::running_postmaster(layout_.data);
      if (found && found->pid == pid && found->ready) return true;
      if (stop_requested(milliseconds{0})) return unavailable("stopped");
    }
    reap();
    const std::string said = end_of(layout_.log, error ? 0 : log_size);
    if (said.find("pre-existing shared memory block") != std::string::npos ||
        said.find("lock file") != std::string::npos)
      return false;
    return unavailable("the private PostgreSQL did not start: " + said);
  }

  /// Until the server ends (false) or `stop` is called (true).
  bool watch() {
    const UniqueFd server = watch_process(postmaster());
    if (!server) return false;
    std::array<pollfd, 2> events = {{{server.get(), POLLIN, 0}, {service_.fd(), POLLIN, 0}}};
    while (::poll(events.data(), events.size(), 60'000) <= 0) bound_log(layout_.log);
    return service_.stopping();
  }

  void shut_down() {
    const pid_t pid = postmaster();
    if (pid != 0) {
      // "Fast" first: roll back, write all out, end. "Immediate" if that hangs: the log brings it
      // all back.
      ::kill(pid, SIGINT);
      if (!wait_for_exit(pid, seconds{60})) {
        ::kill(pid, SIGQUIT);
        wait_for_exit(pid, seconds{10});
      }
      reap();
    }
    const MutexLock lock(mutex_);
    ready_ = false;
    stopping_ = true;
    changed_.notify_all();
  }

  bool stop_requested(milliseconds wait) { return !service_.pause(wait); }
  void reap() {
    const MutexLock lock(mutex_);
    if (is_child_ && pid_ != 0) ::waitpid(pid_, nullptr, WNOHANG);
    pid_ = 0;
    ready_ = false;
  }
  void set_pid(pid_t pid, bool is_child) {
    const MutexLock lock(mutex_);
    pid_ = pid;
    is_child_ = is_child;
  }
  void note_ready() {
    const MutexLock lock(mutex_);
    ready_ = true;
    failure_.reset();
    changed_.notify_all();
  }
  void note_failure(const Error& error, bool first) {
    if (!first && !stop_requested(milliseconds{0})) log::error(error.message);
    const MutexLock lock(mutex_);
    failure_ = error;
    changed_.notify_all();
  }

  const pg::PostgresPrograms programs_;
  const pg::ClusterLayout layout_;

  mutable Mutex mutex_;
  ConditionVariable changed_;
  pid_t pid_ GUARDED_BY(mutex_) = 0;
  bool is_child_ GUARDED_BY(mutex_) = false;
  bool ready_ GUARDED_BY(mutex_) = false;
  bool stopping_ GUARDED_BY(mutex_) = false;
  std::optional<Error> failure_ GUARDED_BY(mutex_);
  Service service_{"postgres"};  // last: it uses everything above
};

Result<std::unique_ptr<PrivateCluster>> PrivateCluster::start(const fs::path& state_folder) {
  MR_TRY(auto programs, pg::find_postgres_programs());
  MR_TRY(auto layout, pg::prepare_layout(state_folder));
  std::error_code error;
  if (!fs::exists(layout.data / "PG_VERSION", error)) MR_CHECK(make_cluster(programs, layout));
  auto supervisor = std::make_unique<Supervisor>(std::move(programs), std::move(layout));
  MR_CHECK(supervisor->start());
  return std::unique_ptr<PrivateCluster>(new PrivateCluster(std::move(supervisor)));
}

Result<std::string> PrivateCluster::dsn_of(const fs::path& state_folder) {
  MR_TRY(const auto layout, pg::find_layout(state_folder));
  if (!pg::running_postmaster(layout.data))
    return make_error(ErrorCode::not_found,
                      "no PostgreSQL server runs on '" + state_folder.string() + "'");
  return layout.dsn();
}

Result<fs::path> PrivateCluster::data_of(const fs::path& state_folder) {
  MR_TRY(const auto layout, pg::find_layout(state_folder));
  return layout.data;
}

PrivateCluster::PrivateCluster(std::unique_ptr<Supervisor> supervisor)
    : supervisor_(std::move(supervisor)) {}
PrivateCluster::~PrivateCluster() = default;

std::string PrivateCluster::dsn() const { return supervisor_->layout().dsn(); }
Status PrivateCluster::ensure_running(Duration timeout) {
  return supervisor_->wait_until_ready(timeout);
}
void PrivateCluster::stop() { supervisor_->stop(); }
pid_t PrivateCluster::postmaster() const { return supervisor_->postmaster(); }
const fs::path& PrivateCluster::data_folder() const { return supervisor_->layout().data; }
const fs::path& PrivateCluster::log_file() const { return supervisor_->layout().log; }

}  // namespace millrace
