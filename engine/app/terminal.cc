#include "engine/app/terminal.h"

#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <utility>

namespace millrace {
namespace {

struct Colour {
  std::string_view word;
  std::string_view code;
};
constexpr std::array kColours = {
    Colour{"success", "32"},         Colour{"failed", "31"},
    Colour{"running", "36"},         Colour{"queued", "90"},
    Colour{"pending", "90"},         Colour{"deferred", "35"},
    Colour{"up_for_retry", "33"},    Colour{"held", "33"},
    Colour{"skipped", "90"},         Colour{"cancelled", "33"},
    Colour{"upstream_failed", "31"}, Colour{"promote", "32"},
    Colour{"refuse", "33"},          Colour{"promoted", "32"},
    Colour{"rolled back", "31"},     Colour{"ok", "32"},
    Colour{"refused", "33"},         Colour{"halted", "31"},
};

/// Columns on the screen: bytes without colour codes and without UTF-8 continuation bytes.
std::size_t width(std::string_view text) {
  std::size_t columns = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\033') {
      while (i < text.size() && text[i] != 'm') ++i;
      continue;
    }
    columns += (static_cast<unsigned char>(text[i]) & 0xc0) != 0x80;
  }
  return columns;
}

sigset_t ending_signals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  return set;
}

}  // namespace

/// True if stdout is a terminal and NO_COLOR is not set.
static bool use_color() {
  static const bool value = isatty(STDOUT_FILENO) == 1 && std::getenv("NO_COLOR") == nullptr;
  return value;
}

std::string paint(std::string_view state) {
  const auto found = std::ranges::find(kColours, state, &Colour::word);
  if (!use_color() || found == kColours.end()) return std::string(state);
  return "\033[" + std::string(found->code) + "m" + std::string(state) + "\033[0m";
}

std::string bold(std::string_view text) {
  return use_color() ? "\033[1m" + std::string(text) + "\033[0m" : std::string(text);
}

std::string TerminalTable::to_string() const {
  std::vector<std::size_t> widths;
  for (const auto& row : rows_)
    for (std::size_t i = 0; i < row.size(); ++i) {
      if (i == widths.size()) widths.push_back(0);
      widths[i] = std::max(widths[i], width(row[i]));
    }
  std::string out;
  for (std::size_t r = 0; r < rows_.size(); ++r) {
    for (std::size_t i = 0; i < rows_[r].size(); ++i) {
      const std::string& cell = rows_[r][i];
      out += r == 0 ? bold(cell) : cell;
      if (i + 1 < rows_[r].size()) out.append(widths[i] - width(cell) + 2, ' ');
    }
    out += '\n';
  }
  return out;
}

std::string human_duration(Duration duration) {
  const double seconds = std::chrono::duration<double>(duration).count();
  char text[32];
  if (seconds < 1)
    std::snprintf(text, sizeof text, "%.0fms", seconds * 1e3);
  else if (seconds < 60)
    std::snprintf(text, sizeof text, "%.1fs", seconds);
  else
    std::snprintf(text, sizeof text, "%dm%02ds", static_cast<int>(seconds) / 60,
                  static_cast<int>(seconds) % 60);
  return text;
}

void block_signals() {
  const sigset_t set = ending_signals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  signal(SIGPIPE, SIG_IGN);
}

int take_signal() {
  const sigset_t set = ending_signals();
  int number = 0;
  sigwait(&set, &number);
  return number;
}

void wait_for_signal() {
  raise(take_signal());  // stays pending: signal_waits sees it
}

bool signal_waits() {
  sigset_t pending;
  sigpending(&pending);
  return sigismember(&pending, SIGINT) == 1 || sigismember(&pending, SIGTERM) == 1;
}

}  // namespace millrace
