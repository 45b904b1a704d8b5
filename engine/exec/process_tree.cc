#include "engine/exec/process_tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <string>
#include <string_view>

#include "engine/base/unique_fd.h"

namespace millrace::exec {
namespace {

struct ProcessStat {
  pid_t parent = -1;  // -1: it is gone
  char state = 'X';
  bool is_alive() const { return parent >= 0 && state != 'Z' && state != 'X'; }
};

/// From /proc/<pid>/stat. The name in brackets may hold anything, so the fields are counted from
/// the last bracket.
ProcessStat stat_of(pid_t pid) {
  const std::string path = "/proc/" + std::to_string(pid) + "/stat";
  const UniqueFd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::array<char, 512> text{};
  const ssize_t size = file ? read(file.get(), text.data(), text.size() - 1) : -1;
  const std::string_view line(text.data(), size > 0 ? static_cast<std::size_t>(size) : 0);
  const std::size_t bracket = line.rfind(") ");
  ProcessStat out;
  if (bracket == std::string_view::npos || bracket + 4 >= line.size()) return out;
  out.state = line[bracket + 2];
  std::from_chars(line.data() + bracket + 4, line.data() + line.size(), out.parent);
  return out;
}

}  // namespace

std::vector<pid_t> all_processes() {
  std::vector<pid_t> out;
  DIR* folder = opendir("/proc");
  if (folder == nullptr) return out;
  while (const dirent* entry = readdir(folder)) {
    const std::string_view name(entry->d_name);
    pid_t pid = 0;
    if (std::from_chars(name.data(), name.data() + name.size(), pid).ec == std::errc{})
      out.push_back(pid);
  }
  closedir(folder);
  return out;
}

std::vector<pid_t> children_of(pid_t parent) {
  std::vector<pid_t> out;
  for (const pid_t pid : all_processes())
    if (stat_of(pid).parent == parent) out.push_back(pid);
  return out;
}

std::vector<pid_t> listed_children_of(pid_t parent) {
  std::vector<pid_t> out;
  const std::string tasks = "/proc/" + std::to_string(parent) + "/task";
  std::error_code ignored;  // it is gone: there are none
  for (const auto& task : std::filesystem::directory_iterator(tasks, ignored)) {
    std::ifstream list(task.path() / "children");
    if (!list && parent == getpid()) return children_of(parent);
    for (pid_t child = 0; list >> child;) out.push_back(child);
  }
  return out;
}

std::vector<pid_t> listed_children_of_first_thread() {
  const std::string self = std::to_string(getpid());
  const UniqueFd file(
      open(("/proc/self/task/" + self + "/children").c_str(), O_RDONLY | O_CLOEXEC));
  if (!file) return children_of(getpid());
  std::string text;
  std::array<char, 4096> buffer;
  for (ssize_t size = 0; (size = read(file.get(), buffer.data(), buffer.size())) > 0;)
    text.append(buffer.data(), static_cast<std::size_t>(size));
  std::vector<pid_t> out;
  const char* at = text.data();
  const char* const end = at + text.size();
  for (pid_t child = 0; at < end;) {
    const auto [next, error] = std::from_chars(at, end, child);
    if (error == std::errc{}) out.push_back(child);
    at = error == std::errc{} ? next : at + 1;
  }
  return out;
}

std::vector<pid_t> listed_descendants_of(pid_t root, const std::vector<pid_t>& others) {
  std::vector<pid_t> out = listed_children_of(root);
  std::erase_if(out, [&](pid_t pid) { return std::ranges::find(others, pid) != others.end(); });
  for (std::size_t i = 0; i < out.size(); ++i) {
    const auto more = listed_children_of(out[i]);
    out.insert(out.end(), more.begin(), more.end());
  }
  return out;
}

/// Those that are alive.
static std::vector<pid_t> descendants_of(pid_t root) {
  std::multimap<pid_t, pid_t> children;
  for (const pid_t pid : all_processes())
    if (const ProcessStat stat = stat_of(pid); stat.is_alive()) children.emplace(stat.parent, pid);
  std::vector<pid_t> out{root};
  for (std::size_t i = 0; i < out.size(); ++i) {
    const auto [begin, end] = children.equal_range(out[i]);
    for (auto child = begin; child != end; ++child) out.push_back(child->second);
  }
  out.erase(out.begin());
  return out;
}

bool is_alive(pid_t pid) { return stat_of(pid).is_alive(); }

std::vector<pid_t> kill_tree(pid_t leader) {
  // It starts nothing any more, and still adopts the orphans of those that are killed: once it is
  // dead, another process adopts them.
  kill(leader, SIGSTOP);
  std::vector<pid_t> killed;
  if (is_alive(leader)) killed = kill_descendants(leader);  // a zombie has none
  kill(-leader, SIGKILL);
  kill(leader, SIGKILL);
  return killed;
}

std::vector<pid_t> kill_descendants(pid_t root) {
  std::set<pid_t> killed;
  const auto kill_new = [&killed](const std::vector<pid_t>& found) {
    bool any = false;
    // Parents first: a shell whose child is killed would go on with its next line.
    for (const pid_t pid : found) {
      if (!killed.insert(pid).second) continue;
      kill(pid, SIGKILL);
      any = true;
    }
    return any;
  };
  // The quick look stops most of them soon, the thorough one says that there are no others.
  do {
    kill_new(listed_descendants_of(root));
  } while (kill_new(descendants_of(root)));
  return {killed.begin(), killed.end()};
}

MemoryUse memory_use(int statm) {
  std::array<char, 128> text{};
  if (statm < 0 || pread(statm, text.data(), text.size() - 1, 0) <= 0) return {};
  long size = 0, resident = 0, shared = 0, code = 0, unused = 0, data = 0;
  if (std::sscanf(text.data(), "%ld %ld %ld %ld %ld %ld", &size, &resident, &shared, &code, &unused,
                  &data) != 6)
    return {};
  const std::int64_t page = sysconf(_SC_PAGESIZE);
  return {resident * page, data * page};
}

}  // namespace millrace::exec
