// Strays: processes that an attempt leaves behind and that have outlived its runner: in sessions of
// their own, with an environment of their own, or after the engine was killed as well. An attempt
// counts as over only when they are dead.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace millrace::exec {

/// How every process that comes from a runner is recognized, also one that was double-forked: a
/// variable of the environment, and a limit that nothing needs (RLIMIT_MSGQUEUE, lowered to a
/// number of its own), because a program may start another one with an empty environment.
class Mark {
 public:
  static constexpr std::string_view kVariable = "MILLRACE_MARK";
  /// Equal names give equal marks.
  explicit Mark(std::string name);

  const std::string& name() const { return name_; }
  /// "MILLRACE_MARK=…", for a runner's environment.
  std::string environment_entry() const;
  /// Puts the limit on this process and all that it starts.
  void set_limit() const;
  /// True if the process came from a runner with this mark. Of a zombie only the limit is known.
  bool is_on(pid_t pid) const;

 private:
  std::string name_;
  std::uint64_t limit_;
};

/// Those of the dead runners of one engine. The engine's process must be a subreaper: it adopts
/// them. Not thread-safe.
class Strays {
 public:
  explicit Strays(Mark mark) : mark_(std::move(mark)) {}

  /// Descendants of a runner that have been killed, and may still be on their way out.
  void add(const std::vector<pid_t>& killed);
  /// Kills what has come to us, and reaps it. True once nothing is left. `runners`: our children
  /// that are none.
  bool gone(const std::set<pid_t>& runners);

 private:
  Mark mark_;
  std::set<pid_t> dying_;
};

/// Kills every process on this machine that carries the mark, except this one, and waits until all
/// are dead; at most for some seconds, after which what is left cannot run anything any more.
/// Returns how many there were.
std::size_t end_strays(const Mark& mark);

}  // namespace millrace::exec
