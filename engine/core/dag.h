// Dag: an immutable, validated graph of tasks. It cannot exist if it is cyclic or refers to what is
// not there. Its version is the digest of its canonical form, so that an unchanged file never makes
// a new version.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/identifier.h"
#include "engine/base/json.h"
#include "engine/base/result.h"
#include "engine/base/time.h"
#include "engine/core/depends.h"
#include "engine/core/expression.h"
#include "engine/core/message_pattern.h"
#include "engine/core/names.h"
#include "engine/core/repeat.h"
#include "engine/core/retry_policy.h"
#include "engine/core/teardown.h"
#include "engine/core/timetable.h"

namespace millrace {

/// When a task may start, by the ends of its direct upstream tasks (names and meanings of Airflow).
enum class TriggerRule {
  all_success,
  all_failed,
  all_done,
  all_done_min_one_success,
  one_success,
  one_failed,
  one_done,
  none_failed,
  none_failed_min_one_success,
  none_skipped,
  all_skipped,
  always,
};
constexpr std::array<std::string_view, 12> names_of(TriggerRule) {
  return {"all_success", "all_failed", "all_done",    "all_done_min_one_success",    "one_success",
          "one_failed",  "one_done",   "none_failed", "none_failed_min_one_success", "none_skipped",
          "all_skipped", "always"};
}
constexpr std::string_view title_of(TriggerRule) { return "TriggerRule"; }

/// How long a program has between SIGTERM and SIGKILL.
inline constexpr Duration kDefaultKillGrace = std::chrono::seconds{5};

/// One task as authored, defaults applied.
struct TaskSpec {
  std::string id;
  std::string op;                  // a name in the Catalog
  std::string executor;            // that carries its attempts out; "": the one of its operator
  std::vector<std::string> needs;  // task ids
  Json with = Json::object();      // parameters; strings may hold expressions
  std::string condition;           // `if`, without `${{ }}`; "" means none
  std::optional<TriggerRule>
      trigger_rule;  // unset: all_success, or decided by status functions in `condition`
  bool continue_on_error = false;  // its failure counts as success, downstream and for the run
  Teardown teardown;               // excludes trigger_rule
  std::string depends;  // excludes trigger_rule and teardown; names only tasks of `needs`; "": none
  Json foreach;  // null: not mapped; a list, or a string that is one expression giving a list
  int foreach_max_active = 0;  // instances under way at a time in a run; 0: no limit
  RetryPolicy retries;
  OnExhausted on_exhausted = OnExhausted::fail;
  RepeatPolicy repeat;
  Duration timeout = std::chrono::hours{24};  // of one attempt, from its begin
  Duration kill_grace = kDefaultKillGrace;    // of a cancelled attempt, or one out of time
  bool at_most_once = false;                  // an attempt that may have begun is never repeated
  std::int64_t memory_limit_bytes = 0;        // 0: no limit
  int priority = 0;                           // higher starts first
  std::string doc;
};

struct ParamSpec {
  std::string name;
  Json schema = Json::object();  // JSON Schema: type, default, minimum, maximum, enum, …
};

/// Error: `value` breaks the schema of `param`.
Status check_param(const ParamSpec& param, const Json& value);
/// The value of a text from a command line. The declared type decides how it is read;
/// without one it is JSON if JSON gives back the same text (but for white space), otherwise text.
Result<Json> param_from_text(const ParamSpec& param, std::string_view text);

/// Which of the dates that passed while a DAG was paused are made up when it is unpaused.
enum class OnUnpause { none, last, all };

/// What happens to a date of a schedule while a run of an earlier one is open. The names and their
/// meanings are those of Temporal.
enum class Overlap { allow, skip, buffer_one, buffer_all, cancel_other };
constexpr std::array<std::string_view, 5> names_of(Overlap) {
  return {"allow", "skip", "buffer_one", "buffer_all", "cancel_other"};
}
constexpr std::string_view title_of(Overlap) { return "Overlap"; }

struct DagSpec {
  std::string id;
  std::string doc;
  std::string owner;
  std::string namespace_{kDefaultNamespace};
  std::vector<std::string> tags;
  std::optional<CronSpec> schedule;
  std::optional<Time> start;  // first logical date of catchup
  std::optional<Time> end;    // last logical date, inclusive
  bool catchup = false;
  std::optional<Duration> catchup_window;  // missed dates that are older are not made up
  std::optional<OnUnpause> on_unpause;     // unset: all with catchup, otherwise last
  Overlap overlap = Overlap::allow;        // of scheduled runs
  int max_active_runs = 16;
  std::vector<std::string> datasets;  // a run starts when one of these is updated
  Json on_event;    // {type, if, params}: a CloudEvent that starts a run; null: none
  Json on_webhook;  // {secret_env, signature, header, if, params}; null: none
  std::vector<ParamSpec> params;
  std::vector<TaskSpec> tasks;
  Json outputs;  // name → value, where strings may hold expressions; null: none
};

/// Immutable; thread-safe; shared by `shared_ptr<const Dag>`.
class Dag {
 public:
  struct Task {
    const TaskSpec& spec;  // in the Dag's own spec
    /// Indices into tasks(): the needs; of a teardown also the other tasks that run between its
    /// setups and it.
    std::vector<int> upstream;
    std::vector<int> downstream;  // the other way round
    std::vector<int> setups;      // of a teardown
    struct DependsTerm {
      int task;
      DependsOn state;
    };
    std::optional<Depends> depends;
    std::vector<DependsTerm> depends_on;  // as the terms of `depends`
    std::optional<Expression> condition;
    Template with;
    std::optional<Template> foreach;
    std::optional<Expression> until;  // of spec.repeat
    std::vector<int> reads;           // tasks whose outputs or state its expressions name
    /// Datasets whose watermarks its expressions name; nullopt: any dataset of the namespace.
    std::optional<std::vector<std::string>> reads_watermarks;
    std::vector<std::optional<MessagePattern>> retry_messages;  // as spec.retries.rules
    bool mapped() const { return foreach.has_value(); }
    bool tears_down() const { return !setups.empty(); }
  };

  Dag(Dag&&) = default;
  Dag& operator=(Dag&&) = delete;

  /// Errors: empty, duplicate or malformed ids, unknown `needs`, a cycle (printed as its path), a
  /// setup that its teardown does not need, bad expressions.
  static Result<Dag> make(DagSpec spec);
  /// The canonical form, and back.
  static Json to_json(const DagSpec& spec);
  static Result<DagSpec> spec_from_json(const Json& json);

  const DagSpec& spec() const { return spec_; }
  const std::string& id() const { return spec_.id; }
  /// Its name in its namespace.
  const DagKey& key() const { return key_; }
  /// SHA-256 of the canonical JSON.
  const std::string& version() const { return version_; }
  const std::vector<Task>& tasks() const { return tasks_; }
  const Task& task(int index) const { return tasks_[static_cast<std::size_t>(index)]; }
  /// -1 if there is none.
  int index_of(std::string_view task_id) const;
  /// Upstream before downstream; equal ranks in the order of the file.
  const std::vector<int>& topological_order() const { return order_; }
  const std::optional<Timetable>& timetable() const { return timetable_; }
  /// What a run that succeeded leaves to those who started it; nullopt: nothing.
  struct Outputs {
    Template values;
    std::vector<int> reads;  // as of Task
  };
  const std::optional<Outputs>& outputs() const { return outputs_; }

  /// Checks `given` against the declared params and fills in defaults. Unknown names are errors.
  Result<Json> resolve_params(const Json& given) const;

 private:
  explicit Dag(DagSpec spec) : spec_(std::move(spec)), key_(spec_.namespace_, spec_.id) {}
  Status index_tasks();
  Status connect_tasks();
  Status connect_depends(Task& task);
  Status connect_teardowns();
  Status connect_teardown(int task);
  Status compile_outputs();
  Status check_order();

  DagSpec spec_;  // its tasks stay where they are: tasks_ refers to them
  DagKey key_;
  std::string version_;
  std::vector<Task> tasks_;
  std::vector<int> order_;
  std::map<std::string, int, std::less<>> index_;
  std::optional<Timetable> timetable_;
  std::optional<Outputs> outputs_;
};

std::string_view to_string(TriggerRule rule);
std::optional<TriggerRule> trigger_rule_from(std::string_view name);
std::vector<std::string> trigger_rule_names();
std::string_view to_string(DstPolicy policy);
std::optional<DstPolicy> dst_policy_from(std::string_view name);
std::string_view to_string(OnUnpause policy);
std::optional<OnUnpause> on_unpause_from(std::string_view name);

}  // namespace millrace
