// The outcomes file of `millrace test`: what the attempts of tasks do instead of their operators,
// and which runs are expected (docs/testing.md). Pure; all problems are reported at once.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/json.h"
#include "engine/base/time.h"
#include "engine/core/dag.h"
#include "engine/core/events/common.h"
#include "engine/core/task_state.h"
#include "engine/spec/diagnostic.h"

namespace millrace {

/// How one attempt ends.
struct GivenOutcome {
  enum class Kind { success, fail, skip, hang, lost };
  Kind kind = Kind::success;
  Json outputs = Json::object();  // of a success
  Error error;                    // of a failure
  std::string reason;             // of a skip, or of a lost runner
  std::optional<Duration> after;  // from the begin of the attempt; nullopt: the default duration
};

/// A run as the file expects it. What is unset is not compared.
struct ExpectedRun {
  Time logical_date{};
  bool no_run = false;  // `state: none`: the date has no run
  std::optional<RunStatus> state;
  std::map<std::string, TaskState> tasks;
  std::optional<Time> ended;
  int line = 0;  // in the file
};

struct GivenOutcomes {
  /// By task id and logical date; nullopt: of every run that has no list of its own. The n-th
  /// attempt of a task instance takes the n-th outcome; the last one repeats.
  std::map<std::pair<std::string, std::optional<Time>>, std::vector<GivenOutcome>> lists;
  std::vector<ExpectedRun> expected;

  /// nullptr: none is given.
  const GivenOutcome* find(const std::string& task, std::optional<Time> logical_date,
                           std::size_t attempt) const;
};

struct LoadedOutcomes {
  GivenOutcomes outcomes;
  std::vector<Diagnostic> diagnostics;  // of none: the file is good
};
/// `file` is what diagnostics call it. Dates without an offset are in the time zone of the DAG.
LoadedOutcomes load_outcomes(std::string_view text, std::string_view file, const Dag& dag);

}  // namespace millrace
