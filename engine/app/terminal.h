// What people see in a terminal: tables, states in colour, durations.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/time.h"

namespace millrace {

/// The text in the colour of the state or status that it names.
std::string paint(std::string_view state);
std::string bold(std::string_view text);

/// Columns as wide as their widest cell; colour codes take no width.
class TerminalTable {
 public:
  explicit TerminalTable(std::vector<std::string> header) : rows_{std::move(header)} {}
  void add(std::vector<std::string> row) { rows_.push_back(std::move(row)); }
  bool empty() const { return rows_.size() == 1; }
  std::string to_string() const;

 private:
  std::vector<std::vector<std::string>> rows_;
};

/// "850ms", "12.3s", "4m10s"
std::string human_duration(Duration duration);

/// Returns after SIGINT or SIGTERM. Call `block_signals` in main before any thread is started.
void block_signals();
void wait_for_signal();
/// The same, and gives the signal; it does not wait any more afterwards.
int take_signal();
/// True once such a signal waits, or after `wait_for_signal` took one; for loops that may be
/// stopped.
bool signal_waits();

}  // namespace millrace
