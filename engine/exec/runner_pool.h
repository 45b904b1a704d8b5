// RunnerPool: the Executor of one machine. Attempts run in reused processes of this binary, light
// ones in a thread of the engine.
//
// A runner that dies takes nothing along but its attempt, which is reported as `unavailable`
// (transient); its process group is killed and its place filled when it is needed. An attempt
// beyond its deadline is killed with everything below it. What a runner and its children print goes
// to the log store while they run.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/clock.h"
#include "engine/core/executor.h"
#include "engine/op/catalog.h"
#include "engine/store/store.h"

namespace millrace {

/// Answers OperatorContext::query of an attempt in that namespace. Called from threads of the pool,
/// several at once; may block.
using QueryHandler = std::function<Result<Json>(const std::string& name_space,
                                                std::string_view name, const Json& arguments)>;

/// How many short attempts for each runner are worth handing to the pool ahead of free runners:
/// enough work for the time of a commit.
inline constexpr int kAttemptsAhead = 16;

struct RunnerPoolConfig {
  /// The runner's command line; the process must call runner_main (runner_main.h).
  std::vector<std::string> argv = {"/proc/self/exe", "runner"};
  std::size_t slots = 4;           // runners at most, hence attempts at once
  std::filesystem::path work_dir;  // emptied at start; holds a folder for each runner
  /// Names what the processes of attempts belong to, for `end_strays`: the database, so that an
  /// engine ends what any former engine of it has left on this machine. "": this pool alone.
  std::string mark;
  /// Added to our own niceness, so that attempts delay neither the engine nor its clients.
  int nice = 5;
  /// A runner is replaced, while idle, after so many attempts or when it holds so much memory.
  std::int64_t attempts_per_runner = 10'000;
  std::int64_t retire_above_bytes = std::int64_t{768} << 20;
  Duration silence_limit = std::chrono::seconds{30};  // no heartbeat for so long: killed
  /// A runner that is free for an attempt and has not begun it for so long is replaced, and another
  /// one gets the attempt.
  Duration begin_limit = std::chrono::seconds{3};
  std::int64_t log_limit_bytes = std::int64_t{64} << 20;  // of one attempt
  /// Variables of the environment that runners do not see.
  std::vector<std::string> hidden_env = {"MILLRACE_DB", "PGPASSWORD", "PGPASSFILE", "PGSERVICEFILE",
                                         "MILLRACE_URL"};
  /// "NAME=value": variables that runners see in addition, also if their names are hidden.
  std::vector<std::string> environment;
};

/// What the pool works with; all outlive it.
struct RunnerPoolParts {
  const Catalog& catalog;  // for light attempts
  Artifacts& artifacts;    // for light attempts
  LogStore& logs;
  const Clock& clock;
  QueryHandler query;
};

class RunnerPool final : public Executor {
 public:
  RunnerPool(RunnerPoolConfig config, RunnerPoolParts parts);
  /// Kills what runs; nothing is reported from then on.
  ~RunnerPool() override;

  void on_report(Report report) override;
  void start(std::vector<StartAttempt> attempts) override;
  void cancel(const AttemptKey& key, bool at_once) override;
  void hold() override;
  void end_strays() override;
  void lease_runs_until(std::chrono::steady_clock::time_point until) override;
  /// The pool can be used again afterwards. The caller must hold no lock that its report callback
  /// takes.
  void kill_all() override;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace millrace
