#include "engine/base/fault_point.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <cstdlib>
#include <string>

namespace millrace {
namespace {

struct Armed {
  int point = -1;
  int passes = 1;     // the process ends at this one
  std::string token;  // a file to make first; "": none
};

/// NAME:N:FILE; what does not read so arms nothing.
Armed read_environment() {
  Armed armed;
  const char* variable = std::getenv("MILLRACE_FAULT");
  const std::string_view text = variable == nullptr ? "" : variable;
  const std::size_t first = text.find(':');
  const auto found = std::ranges::find(kFaultPointNames, text.substr(0, first));
  if (found == kFaultPointNames.end()) return armed;
  armed.point = static_cast<int>(found - kFaultPointNames.begin());
  if (first == std::string_view::npos) return armed;
  const std::string_view rest = text.substr(first + 1);
  std::from_chars(rest.data(), rest.data() + rest.size(), armed.passes);
  if (const std::size_t second = rest.find(':'); second != std::string_view::npos)
    armed.token = rest.substr(second + 1);
  return armed;
}

const Armed& armed() {
  static const Armed read = read_environment();
  return read;
}

std::atomic<int> g_passes = 0;

}  // namespace

const int detail::g_armed_fault = armed().point;

void detail::pass_armed_fault() {
  if (++g_passes != armed().passes) return;
  if (!armed().token.empty()) {
    const int made = open(armed().token.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, 0600);
    if (made < 0) return;
    close(made);
  }
  kill(getpid(), SIGKILL);
}

}  // namespace millrace
