#include "bench/live.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <fstream>

#include "bench/http_get.h"
#include "engine/base/file.h"

namespace millrace::bench {
namespace {

constexpr auto kReadyWithin = std::chrono::seconds{300};
constexpr std::size_t kMaxLogBytes = 1u << 20;
constexpr std::string_view kAddress = "dashboard and API  http://127.0.0.1:";

Result<pid_t> spawn(const std::vector<std::string>& argv, const std::filesystem::path& log) {
  posix_spawn_file_actions_t actions;
  posix_spawn_file_actions_init(&actions);
  posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, log.c_str(),
                                   O_CREAT | O_TRUNC | O_WRONLY, 0600);
  posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
  std::vector<char*> arguments;
  for (const auto& argument : argv) arguments.push_back(const_cast<char*>(argument.c_str()));
  arguments.push_back(nullptr);
  pid_t pid = 0;
  const int error = posix_spawn(&pid, arguments[0], &actions, nullptr, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  if (error != 0) return unavailable("cannot start " + argv[0]);
  return pid;
}

}  // namespace

Result<std::filesystem::path> millrace_binary() {
  const auto path = std::filesystem::read_symlink("/proc/self/exe").parent_path() / "millrace";
  if (std::filesystem::exists(path)) return path;
  return not_found("there is no " + path.string() + "; ./run build makes it");
}

Result<std::unique_ptr<Live>> Live::start(const std::filesystem::path& state,
                                          const std::filesystem::path& dags,
                                          const std::vector<std::string>& more) {
  MR_TRY(const auto binary, millrace_binary());
  std::vector<std::string> argv = {binary.string(), "--state", state.string()};
  argv.insert(argv.end(), more.begin(), more.end());
  for (const char* each : {"up", "--port", "0", "--serve-port", "0", "--dags"})
    argv.emplace_back(each);
  argv.push_back(dags.string());
  const auto began = std::chrono::steady_clock::now();
  const std::filesystem::path log = state.string() + ".log";
  MR_TRY(const pid_t pid, spawn(argv, log));
  std::unique_ptr<Live> live(new Live(pid, log));
  MR_CHECK(live->wait_until_ready());
  live->ready_s_ = std::chrono::duration<double>(std::chrono::steady_clock::now() - began).count();
  return live;
}

Live::~Live() {
  kill(pid_, SIGINT);
  waitpid(pid_, nullptr, 0);
  std::error_code ignored;
  std::filesystem::remove(log_, ignored);
}

/// It says where it listens, and then answers there.
Status Live::wait_until_ready() {
  const auto give_up = std::chrono::steady_clock::now() + kReadyWithin;
  while (std::chrono::steady_clock::now() < give_up) {
    if (port_ == 0) MR_CHECK(find_port());
    if (port_ != 0 && HttpGet(port_).get("/readyz")) return {};
    poll(nullptr, 0, 1);
  }
  return make_error(ErrorCode::timeout, "millrace up was not ready in time");
}

Status Live::find_port() {
  MR_TRY(const std::string printed, read_file(log_, kMaxLogBytes));
  const std::size_t at = printed.find(kAddress);
  if (at != std::string::npos && printed.find('\n', at) != std::string::npos)
    port_ = std::atoi(printed.c_str() + at + kAddress.size());
  else if (waitpid(pid_, nullptr, WNOHANG) != 0)
    return unavailable("millrace up ended: " + printed);
  return {};
}

std::int64_t Live::resident_bytes() const {
  std::ifstream statm("/proc/" + std::to_string(pid_) + "/statm");
  std::int64_t pages = 0, resident = 0;
  statm >> pages >> resident;
  return resident * sysconf(_SC_PAGESIZE);
}

}  // namespace millrace::bench
