// Rule: one promise of the engine, as the oracle checks it. Each has a name by which a violation is
// reported, and one sentence that a person can hold the engine to.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace millrace::oracle {

enum class Rule : std::uint8_t {
  readable,
  journal_order,
  known_run,
  transition_table,
  one_outcome,
  current_attempt,
  newest_epoch,
  edges,
  slots,
  active_runs,
  active_instances,
  overlap,
  retry_limit,
  held,
  iterations,
  teardowns,
  saved_state,
  one_run_per_date,
  schedule_dates,
  dataset_runs,
  backfills,
  child_runs,
  one_run_per_key,
  command_once,
  accepted_run,
  run_ended,
  run_status,
  projections,
  effects_once,
  owned_traffic,
  registered_traffic,
  durable_first,
  really_happened,
  declared_dag,
};

/// "one_outcome"
std::string_view name_of(Rule rule);
/// What it promises, in one sentence.
std::string_view promise_of(Rule rule);
std::vector<Rule> all_rules();

struct Violation {
  Rule rule = Rule::readable;
  std::string what;
  /// "one_outcome: event 17: task a has ended already"
  std::string text() const;
};

/// nullopt: nothing is wrong.
using Finding = std::optional<Violation>;

}  // namespace millrace::oracle
