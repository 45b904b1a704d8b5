// RunProgress: shows a run on the terminal while it goes on: what its tasks print, and each change
// of a task's state, one line each.
//
// Not thread-safe.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "engine/core/run.h"
#include "engine/store/store.h"

namespace millrace {

class RunProgress {
 public:
  explicit RunProgress(LogStore& logs) : logs_(logs) {}

  /// Prints what is new since the last call. The output of an attempt comes before the line that
  /// reports its end.
  void show(const Run& run);

 private:
  struct Seen {
    TaskState state = TaskState::pending;
    int attempt = 0;
    std::int64_t offset = 0;  // of the attempt's log, where the next text starts
    std::string line;         // an unfinished line of the log
    Time waits_since{};       // of the wait that was shown last
  };
  void show(const Run& run, TaskRef ref, const TaskInstance& instance);
  static bool is_news(const Run& run, TaskRef ref, const TaskInstance& instance, Seen& seen);
  static void show_state(const Run& run, TaskRef ref, const TaskInstance& instance);
  /// Prints the finished lines of the attempt's log; with `all`, the last unfinished one as well.
  void show_output(const Run& run, TaskRef ref, Seen& seen, bool all);

  LogStore& logs_;
  std::map<TaskRef, Seen> seen_;
};

}  // namespace millrace
