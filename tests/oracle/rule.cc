#include "tests/oracle/rule.h"

#include <array>

namespace millrace::oracle {
namespace {

struct Entry {
  Rule rule;
  std::string_view name, promise;
};

constexpr std::array kRules = {
    Entry{Rule::readable, "readable", "What was stored can be read."},
    Entry{Rule::journal_order, "journal_order", "The journal counts up from 1 without a gap."},
    Entry{Rule::known_run, "known_run", "A run is created once, before anything else of it."},
    Entry{Rule::transition_table, "transition_table",
          "A task moves only by the transition table, and ends are final."},
    Entry{Rule::one_outcome, "one_outcome", "A task instance has exactly one recorded outcome."},
    Entry{Rule::current_attempt, "current_attempt",
          "Only the current attempt of a task can record an outcome."},
    Entry{Rule::newest_epoch, "newest_epoch",
          "Nothing of an old leader is accepted once a newer one has begun."},
    Entry{Rule::edges, "edges",
          "A task starts after what it needs, and is left out only if it may not start."},
    Entry{Rule::slots, "slots", "No more attempts are under way than there are slots."},
    Entry{
        Rule::active_runs, "active_runs",
        "No run of a DAG begins while max_active_runs of it are under way, but one for which they "
        "wait."},
    Entry{Rule::active_instances, "active_instances",
          "No more instances of a mapped task are under way than its max_active."},
    Entry{Rule::overlap, "overlap",
          "Scheduled runs overlap, wait, are cancelled and are left out only as `overlap` says."},
    Entry{Rule::retry_limit, "retry_limit",
          "A failed attempt is retried as long as the task's retries and rules allow, and no "
          "longer."},
    Entry{Rule::held, "held", "A held task starts or fails only after a person has said so."},
    Entry{Rule::iterations, "iterations",
          "A task with `repeat` runs until its condition holds, and at most `max` times."},
    Entry{Rule::teardowns, "teardowns",
          "A teardown runs once a setup of it has succeeded and all tasks in between have ended, "
          "also in a run that is being cancelled."},
    Entry{Rule::saved_state, "saved_state",
          "An attempt gets the text that the attempts of its iteration before it have saved last."},
    Entry{Rule::one_run_per_date, "one_run_per_date",
          "A DAG has one scheduled run for a logical date."},
    Entry{Rule::schedule_dates, "schedule_dates",
          "A scheduled run has a past date of its schedule, and the interval that ends there."},
    Entry{Rule::dataset_runs, "dataset_runs",
          "New content of a dataset starts one run of each DAG that waits for it, and no other."},
    Entry{Rule::backfills, "backfills",
          "A backfill starts one run for each of its dates, in order and within its limits, and "
          "ends with the last one."},
    Entry{Rule::child_runs, "child_runs",
          "A task starts a run once, and if it waits, goes on only after its end and with its "
          "result."},
    Entry{Rule::one_run_per_key, "one_run_per_key",
          "However often a request is repeated, its idempotency key starts one run."},
    Entry{Rule::command_once, "command_once",
          "Each accepted command is carried out and answered exactly once."},
    Entry{Rule::accepted_run, "accepted_run",
          "A run that a command has named in its answer exists."},
    Entry{Rule::run_ended, "run_ended", "Every accepted run ends."},
    Entry{Rule::run_status, "run_status", "A run's status follows from the states of its tasks."},
    Entry{Rule::projections, "projections",
          "The tables hold what follows from the events of the journal."},
    Entry{Rule::effects_once, "effects_once",
          "No artifact, model version or other effect is lost or doubled."},
    Entry{Rule::owned_traffic, "owned_traffic",
          "No traffic goes to a candidate whose canary task has ended."},
    Entry{Rule::registered_traffic, "registered_traffic",
          "Traffic goes only to registered versions that were neither refused nor withdrawn."},
    Entry{Rule::durable_first, "durable_first",
          "No attempt runs whose start is not in the journal."},
    Entry{Rule::really_happened, "really_happened",
          "An outcome is recorded only of an attempt that came to its end."},
    Entry{Rule::declared_dag, "declared_dag", "No run begins of a DAG that no file declares."},
};

const Entry& entry_of(Rule rule) { return kRules[static_cast<std::size_t>(rule)]; }

constexpr bool is_in_order() {
  for (std::size_t i = 0; i < kRules.size(); ++i)
    if (static_cast<std::size_t>(kRules[i].rule) != i) return false;
  return true;
}
static_assert(is_in_order(), "entry_of looks rules up by their number");

}  // namespace

std::string_view name_of(Rule rule) { return entry_of(rule).name; }
std::string_view promise_of(Rule rule) { return entry_of(rule).promise; }

std::vector<Rule> all_rules() {
  std::vector<Rule> all;
  for (const Entry& entry : kRules) all.push_back(entry.rule);
  return all;
}

std::string Violation::text() const { return std::string(name_of(rule)) + ": " + what; }

}  // namespace millrace::oracle
