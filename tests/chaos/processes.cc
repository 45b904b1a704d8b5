#include "tests/chaos/processes.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace millrace::chaos {
namespace {

std::string folder_of(pid_t pid) { return "/proc/" + std::to_string(pid); }

/// What follows the name in /proc/PID/stat, from the state on; "" if there is no such process.
std::string state_of(pid_t pid) {
  std::ifstream stat(folder_of(pid) + "/stat");
  const std::string text((std::istreambuf_iterator<char>(stat)), {});
  const auto name_end = text.rfind(')');
  return name_end == text.npos ? "" : text.substr(name_end + 2);
}

}  // namespace

std::vector<pid_t> children_of(pid_t parent) {
  std::vector<pid_t> found;
  std::error_code ignored;
  for (const auto& task :
       std::filesystem::directory_iterator(folder_of(parent) + "/task", ignored)) {
    std::ifstream children(task.path() / "children");
    for (pid_t child = 0; children >> child;) found.push_back(child);
  }
  return found;
}

double age_of(pid_t pid) {
  std::istringstream fields(state_of(pid));
  std::ifstream uptime("/proc/uptime");
  std::string field;
  for (int i = 0; i < 20; ++i) fields >> field;
  double up = 0;
  if (!fields || !(uptime >> up)) return 0;
  return up - std::stod(field) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

bool is_alive(pid_t pid) {
  const std::string state = state_of(pid);
  return !state.empty() && state.front() != 'Z';
}

std::string program_of(pid_t pid) {
  std::ifstream file(folder_of(pid) + "/comm");
  std::string name;
  std::getline(file, name);
  return name;
}

bool was_started_with(pid_t pid, const std::string& entry) {
  std::ifstream file(folder_of(pid) + "/environ");
  for (std::string one; std::getline(file, one, '\0');)
    if (one == entry) return true;
  return false;
}

std::vector<std::string> environment_with(const std::vector<std::string>& changes) {
  std::vector<std::string> entries = changes;
  const auto is_changed = [&](std::string_view entry) {
    const std::string_view name = entry.substr(0, entry.find('=') + 1);
    return std::ranges::any_of(changes, [&](const auto& c) { return c.starts_with(name); });
  };
  for (char** entry = environ; *entry != nullptr; ++entry)
    if (!is_changed(*entry)) entries.emplace_back(*entry);
  return entries;
}

std::vector<char*> pointers_to(std::vector<std::string>& texts) {
  std::vector<char*> pointers;
  for (auto& text : texts) pointers.push_back(text.data());
  pointers.push_back(nullptr);
  return pointers;
}

}  // namespace millrace::chaos
