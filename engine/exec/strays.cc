#include "engine/exec/strays.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <functional>
#include <utility>

#include "engine/base/log.h"
#include "engine/base/unique_fd.h"
#include "engine/exec/process_tree.h"

namespace millrace::exec {
namespace {

constexpr rlim_t kUsualLimit = 819'200;  // of Linux
constexpr std::uint64_t kMarks = 1u << 18;
constexpr int kLookEveryMs = 2;
constexpr int kMostLooks = 5000;  // ten seconds

std::uint64_t fnv1a(std::string_view text) {
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3u;
  return hash;
}

bool environment_has(pid_t pid, std::string_view entry) {
  const std::string path = "/proc/" + std::to_string(pid) + "/environ";
  const UniqueFd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return false;
  std::string text(1, '\0');  // each entry stands between two zeros
  std::array<char, 4096> buffer;
  for (ssize_t size = 0; (size = read(file.get(), buffer.data(), buffer.size())) > 0;)
    text.append(buffer.data(), static_cast<std::size_t>(size));
  std::string wanted(1, '\0');
  wanted.append(entry).push_back('\0');
  return text.find(wanted) != std::string::npos;
}

}  // namespace

Mark::Mark(std::string name)
    : name_(std::move(name)), limit_(kUsualLimit - 1 - fnv1a(name_) % kMarks) {}

std::string Mark::environment_entry() const { return std::string(kVariable) + "=" + name_; }

void Mark::set_limit() const {
  rlimit limit{};
  if (getrlimit(RLIMIT_MSGQUEUE, &limit) != 0 || limit.rlim_max < limit_) return;
  limit.rlim_cur = limit_;
  setrlimit(RLIMIT_MSGQUEUE, &limit);
}

bool Mark::is_on(pid_t pid) const {
  rlimit limit{};
  if (prlimit(pid, RLIMIT_MSGQUEUE, nullptr, &limit) == 0 && limit.rlim_cur == limit_) return true;
  return environment_has(pid, environment_entry());
}

void Strays::add(const std::vector<pid_t>& killed) { dying_.insert(killed.begin(), killed.end()); }

bool Strays::gone(const std::set<pid_t>& runners) {
  const auto kill_orphans = [&](const std::vector<pid_t>& children) {
    for (const pid_t child : children) {
      if (runners.contains(child) || dying_.contains(child) || !mark_.is_on(child)) continue;
      add(kill_tree(child));
      dying_.insert(child);
    }
  };
  const auto all_dead = [&] {
    std::erase_if(dying_, [this](pid_t pid) {
      const pid_t reaped = waitpid(pid, nullptr, WNOHANG);
      if (reaped != -1) return reaped == pid;
      // It is the child of another. Its number may be another's by now, which has no mark.
      return !is_alive(pid) || !mark_.is_on(pid);
    });
    return dying_.empty();
  };
  // To look at every process takes milliseconds: not as long as one that we know of is dying.
  kill_orphans(listed_children_of(getpid()));
  if (!all_dead()) return false;
  kill_orphans(children_of(getpid()));
  return all_dead();
}

std::size_t end_strays(const Mark& mark) {
  std::set<pid_t> seen;
  for (int look = 0; look < kMostLooks; ++look) {
    std::vector<pid_t> alive;
    for (const pid_t pid : all_processes())
      if (pid != getpid() && is_alive(pid) && mark.is_on(pid)) alive.push_back(pid);
    // A shell whose child is killed goes on with its next line, unless it has been stopped.
    for (const pid_t pid : alive) kill(pid, SIGSTOP);
    for (const pid_t pid : alive) kill(pid, SIGKILL);
    seen.insert(alive.begin(), alive.end());
    if (alive.empty()) break;
    poll(nullptr, 0, kLookEveryMs);
  }
  if (!seen.empty())
    log::warning("processes of a former engine were still running and have been killed",
                 {{"processes", seen.size()}});
  return seen.size();
}

}  // namespace millrace::exec
