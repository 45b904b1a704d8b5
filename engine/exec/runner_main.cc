#include "engine/exec/runner_main.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <iostream>
#include <new>
#include <utility>
#include <vector>

#include "engine/base/fault_point.h"
#include "engine/exec/begin_page.h"
#include "engine/exec/lease_page.h"
#include "engine/exec/process_tree.h"
#include "engine/exec/runner_link.h"
#include "engine/exec/runner_process.h"
#include "engine/exec/strays.h"
#include "engine/exec/tree_memory.h"
#include "engine/exec/work_folder.h"
#include "engine/op/kept_processes.h"

namespace millrace {
namespace {

using exec::RunnerLink;
using exec::StartMessage;
using exec::WorkFolder;

void write_output(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t size = write(STDOUT_FILENO, bytes.data(), bytes.size());
    if (size < 0 && errno == EINTR) continue;
    if (size <= 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(size));
  }
}

void flush_output() {
  std::cout.flush();
  std::fflush(nullptr);
}

int print_to(int output) {
  const int fd = exec::kRunnerOutputFds[static_cast<std::size_t>(output)];
  dup2(fd, STDOUT_FILENO);
  dup2(fd, STDERR_FILENO);
  return fd;
}

class RunnerContext final : public OperatorContext {
 public:
  RunnerContext(const StartMessage& start, RunnerLink& link, WorkFolder& folder,
                Artifacts& artifacts, const Clock& clock, KeptProcesses& kept)
      : start_(start),
        link_(link),
        folder_(folder),
        artifacts_(artifacts),
        clock_(clock),
        kept_(kept) {}

  const AttemptInfo& attempt() const override { return start_.info; }
  Time now() const override { return clock_.now(); }
  void log(std::string_view line) override {
    flush_output();  // what was printed before stands before it
    write_output(std::string(line) + "\n");
  }
  const std::filesystem::path& work_dir() const override { return folder_.make(); }
  Artifacts& artifacts() override { return artifacts_; }
  Result<Json> ask(std::string_view name, const Json& arguments) override {
    return link_.ask(name, arguments);
  }
  void save_state(std::string state) override {
    link_.send(exec::SavedMessage{start_.id, std::move(state)});
  }
  bool cancelled() const override { return link_.is_cancelled(start_.id); }
  void on_cancel(std::function<void()> action) override {
    link_.on_cancel(start_.id, std::move(action));
  }
  KeptProcesses* kept() override { return &kept_; }

 private:
  const StartMessage& start_;
  RunnerLink& link_;
  WorkFolder& folder_;
  CheckedArtifacts artifacts_;
  const Clock& clock_;
  KeptProcesses& kept_;
};

RunnerLink* g_link = nullptr;  // for the new-handler, which takes no argument
std::atomic<bool> g_out_of_memory = false;

void on_allocation_failure() {
  if (!g_out_of_memory.exchange(true)) g_link->tell_out_of_memory();
  throw std::bad_alloc();
}

/// The attempt may allocate so much more than the runner held before it.
class MemoryLimit {
 public:
  MemoryLimit(const RunnerLink& link, std::int64_t bytes) : set_(bytes > 0) {
    g_out_of_memory = false;
    if (!set_ || getrlimit(RLIMIT_DATA, &before_) != 0) return;
    rlimit limit = before_;
    limit.rlim_cur = static_cast<rlim_t>(link.memory().data + bytes);
    if (limit.rlim_cur < limit.rlim_max) setrlimit(RLIMIT_DATA, &limit);
  }
  ~MemoryLimit() {
    if (set_) setrlimit(RLIMIT_DATA, &before_);
  }
  MemoryLimit(const MemoryLimit&) = delete;
  MemoryLimit& operator=(const MemoryLimit&) = delete;

 private:
  bool set_;
  rlimit before_{};
};

/// Kills and reaps what the attempt left running: its output must not reach the next one's log, and
/// a retry must not meet it. Orphans come to us, because the runner is their subreaper.
void end_left_children() {
  while (true) {
    const pid_t pid = waitpid(-1, nullptr, WNOHANG);
    if (pid > 0) continue;
    if (pid < 0) return;  // there are none
    exec::kill_descendants(getpid());
    waitpid(-1, nullptr, 0);
  }
}

/// The same, but for those that are kept and what comes from them. A kept one that has died is not
/// reaped here: its number must not become another's while it is used.
void end_left_children(const std::vector<pid_t>& kept) {
  if (kept.empty()) return end_left_children();
  while (true) {
    auto left = exec::listed_children_of_first_thread();
    std::erase_if(left, [&](pid_t pid) { return std::ranges::find(kept, pid) != kept.end(); });
    if (left.empty()) return;
    for (const pid_t pid : left) {
      exec::kill_tree(pid);
      waitpid(pid, nullptr, 0);
    }
  }
}

bool is_memory_error(const Result<Outcome>& outcome) {
  return !outcome && (g_out_of_memory || (outcome.error().code == ErrorCode::resource_exhausted &&
                                          outcome.error().message == "out of memory"));
}

/// False: nothing else may be begun here.
bool run_attempt(const StartMessage& start, RunnerLink& link, WorkFolder& folder,
                 KeptProcesses& kept, const Catalog& catalog, Artifacts& artifacts,
                 const Clock& clock) {
  pass(FaultPoint::runner_attempt_read);
  kept.print_to(print_to(start.output));
  exec::DoneMessage done;
  done.id = start.id;
  {
    folder.use(start.work_dir);
    kept.use_folder(start.work_dir);
    RunnerContext context(start, link, folder, artifacts, clock, kept);
    const MemoryLimit limit(link, start.memory_limit_bytes);
    exec::TreeMemory tree(start.memory_limit_bytes, [&kept] { return kept.pids(); });
    done.outcome = catalog.run(start.op, start.with, context);
    if (const std::int64_t used = tree.excess_bytes(); used > 0)
      done.outcome = exec::out_of_memory(start.memory_limit_bytes,
                                         "its processes used " + exec::bytes_text(used));
  }
  pass(FaultPoint::runner_attempt_ran);
  end_left_children(kept.pids());
  folder.clear();
  flush_output();
  if (start.memory_limit_bytes > 0 && is_memory_error(done.outcome)) {
    done.outcome = exec::out_of_memory(start.memory_limit_bytes);
    done.retire = true;  // who knows what the failed allocation left half done
  }
  done.rss_bytes = link.recent_resident_bytes();
  const bool fit = !done.retire;
  link.send_done(std::move(done));
  pass(FaultPoint::runner_result_sent);
  return fit;
}

bool has_engine() {
  int type = 0;
  socklen_t size = sizeof type;
  return getsockopt(exec::kRunnerSocketFd, SOL_SOCKET, SO_TYPE, &type, &size) == 0;
}

}  // namespace

int runner_main(const Catalog& catalog, Artifacts& artifacts, const Clock& clock) {
  if (!has_engine()) {
    std::fputs("'runner' is started by the engine, not by hand\n", stderr);
    return 2;
  }
  signal(SIGINT, SIG_IGN);  // of the terminal: it means the engine
  prctl(PR_SET_CHILD_SUBREAPER, 1);
  if (const char* mark = getenv(std::string(exec::Mark::kVariable).c_str()))
    exec::Mark(mark).set_limit();
  std::setvbuf(stdout, nullptr, _IOLBF, 1 << 16);
  const exec::LeasePage lease(exec::kRunnerLeaseFd);
  close(exec::kRunnerLeaseFd);
  exec::BeginPage begins(exec::kRunnerBeginFd);
  close(exec::kRunnerBeginFd);
  if (!begins.usable()) {
    std::fputs("the runner has no memory that it shares with its engine\n", stderr);
    return 2;
  }
  RunnerLink link(exec::kRunnerSocketFd, lease, begins);
  g_link = &link;
  std::set_new_handler(on_allocation_failure);
  WorkFolder folder;
  KeptProcesses kept({exec::kRunnerOutputFds.begin(), exec::kRunnerOutputFds.end()});
  for (const int output : exec::kRunnerOutputFds) fcntl(output, F_SETFD, FD_CLOEXEC);
  while (run_attempt(link.next(), link, folder, kept, catalog, artifacts, clock)) {
  }
  while (true) pause();  // the engine ends us
}

}  // namespace millrace
