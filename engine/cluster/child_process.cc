#include "engine/cluster/child_process.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "engine/base/file.h"
#include "engine/base/process.h"

namespace millrace::pg {
namespace {

std::vector<const char*> clean_environment(const std::vector<std::string>& variables) {
  std::vector<const char*> out = own_environment();
  std::erase_if(out, [](std::string_view entry) {
    return entry.starts_with("PG") || entry.starts_with("LC_") || entry.starts_with("LANG");
  });
  out.push_back("LC_ALL=C");
  for (const auto& variable : variables) out.push_back(variable.c_str());
  return out;
}

std::optional<ProcessUser> process_user(const std::optional<SystemUser>& user) {
  if (!user) return std::nullopt;
  return ProcessUser{user->uid, user->gid};
}

std::string last_lines(const std::filesystem::path& file) {
  auto text = read_file(file, 64u << 20).value_or("");
  constexpr std::size_t kMost = 2000;
  if (text.size() > kMost) text = text.substr(text.find('\n', text.size() - kMost) + 1);
  while (!text.empty() && text.back() == '\n') text.pop_back();
  return text;
}

}  // namespace

Result<pid_t> spawn(const ChildSpec& spec) {
  const UniqueFd input(::open("/dev/null", O_RDONLY | O_CLOEXEC));
  const UniqueFd output(
      ::open(spec.output.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (!output)
    return unavailable("cannot open '" + spec.output.string() + "': " + std::strerror(errno));
  ProcessSpec process;
  process.argv = spec.command;
  process.environment = clean_environment(spec.variables);
  process.folder = spec.folder;
  process.descriptors = {
      {STDIN_FILENO, input.get()}, {STDOUT_FILENO, output.get()}, {STDERR_FILENO, output.get()}};
  process.group = ProcessSpec::Group::own_session;
  process.user = process_user(spec.user);
  process.signal_on_parent_death = spec.signal_on_parent_death;
  return start_process(process);
}

Status run_to_end(const ChildSpec& spec, const std::string& what) {
  const auto pid = spawn(spec);
  if (!pid) return unavailable(what + " failed: " + pid.error().message);
  if (reap(*pid) == 0) return {};
  return unavailable(what + " failed: " + last_lines(spec.output));
}

bool can_write(const SystemUser& user, const std::filesystem::path& folder) {
  ProcessSpec test;
  test.argv = {"test", "-r", folder, "-a", "-w", folder, "-a", "-x", folder};
  test.environment = own_environment();
  test.user = process_user(user);
  const auto pid = start_process(test);
  return pid && reap(*pid) == 0;
}

}  // namespace millrace::pg
