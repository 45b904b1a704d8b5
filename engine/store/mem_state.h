// What MemStore's roles share. Private to engine/store/mem_*.cc.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include "engine/base/clock.h"
#include "engine/base/mutex.h"
#include "engine/store/lease_sightings.h"
#include "engine/store/mem_store.h"

namespace millrace::mem {

using Callbacks = std::vector<std::function<void()>>;

/// What one instance of a task is called by.
using TaskKey = std::pair<std::string, int>;
using AttemptId = std::tuple<Uuid, std::string, int, int>;

struct CommittedBatch {
  std::int64_t epoch = 0;
  std::size_t length = 0;
};

struct HeldLease {
  std::int64_t epoch = 0;
  std::string owner;  // "": released
  std::int64_t renewals = 0;
};

struct State {
  explicit State(const Clock& c) : clock(c) {}

  const Clock& clock;
  Mutex mutex;
  std::shared_ptr<std::function<Fault(std::string_view)>> fault_hook GUARDED_BY(mutex);
  // All below as well: the roles touch it only in `call`, which holds the mutex.

  std::vector<Event> events;                       // events[i].seq == i + 1
  std::map<std::int64_t, CommittedBatch> batches;  // by first_seq
  std::unordered_map<Uuid, std::vector<std::size_t>> events_of_run;
  std::map<std::string, HeldLease, std::less<>> leases;
  LeaseSightings lease_sightings;

  std::vector<Command> commands;
  std::unordered_map<Uuid, std::size_t> command_index;
  std::map<std::pair<std::string, std::string>, std::size_t>
      command_by_key;  // (namespace, idempotency key)
  std::set<std::size_t> pending;
  std::unordered_map<Uuid, CommandResult> command_results;

  std::map<Uuid, RunRow> runs;
  std::set<Uuid> open_runs;
  std::set<std::pair<DagKey, Time>> scheduled;  // (dag, logical date)
  std::unordered_map<Uuid, std::map<TaskKey, TaskRow>> tasks;
  std::map<Uuid, BackfillRow> backfills;  // without their counts
  std::map<Uuid, std::vector<BackfillDateRow>> backfill_dates;
  std::map<DagKey, DagRow> dags;
  struct Version {
    Json spec;
    Time registered_at{};
  };
  std::map<std::string, DagFileErrorRow> dag_file_errors;                // by source
  using ResourceId = std::tuple<std::string, std::string, std::string>;  // kind, namespace, name
  std::map<ResourceId, ResourceRow> resources;                           // but for DAGs
  std::map<std::pair<ResourceId, std::string>, Version> versions;        // DAGs included
  static ResourceId id_of(const DagKey& dag) { return {"dag", dag.namespace_, dag.name}; }

  std::map<AttemptId, std::map<std::int64_t, std::string>> logs;  // pieces by offset

  std::map<ModelKey, std::vector<ModelVersionRow>> model_versions;  // by number
  /// (model, artifact) → why it must not be deployed.
  std::map<std::pair<ModelKey, std::string>, std::string> not_shipped;
  std::vector<EvaluationRow> evaluations;
  std::vector<ArtifactRow> artifacts;
  std::map<std::string, std::size_t, std::less<>> artifact_by_digest;
  std::map<DatasetKey, DatasetRow> datasets;
  AppendedLists appended;

  std::map<ModelKey, DeploymentRow> deployments;
  std::map<ModelKey, std::vector<DeploymentEventRow>> deployment_events;
  std::set<Uuid> prediction_batches;
  std::vector<ServingWindow> windows;
  std::vector<Prediction> predictions;

  std::map<std::string, std::int64_t, std::less<>> cursors;  // by follower

  // These have locks of their own.
  Subscribers<> on_journal, on_deployment;
  Subscribers<const AcceptedCommand*> on_command;
};

/// Runs `body` under the lock, unless the fault hook says that the call fails. `body` may fill
/// `after` with callbacks; they run once the lock is gone.
template <typename Body>
auto call(State& state, std::string_view name, Body body)
    -> decltype(body(std::declval<Callbacks&>())) {
  std::shared_ptr<std::function<Fault(std::string_view)>> hook;
  {
    const MutexLock lock(state.mutex);
    hook = state.fault_hook;
  }
  const Fault fault = hook && *hook ? (*hook)(name) : Fault::none;
  if (fault == Fault::fail_before) return unavailable(std::string(name) + ": the store is away");
  Callbacks after;
  auto result = [&] {
    const MutexLock lock(state.mutex);
    return body(after);
  }();
  for (const auto& callback : after) callback();
  if (fault == Fault::fail_after)
    return unavailable(std::string(name) + ": the store's answer was lost");
  return result;
}

/// The newest `limit` of rows in the order of their coming that pass `keep`, newest first.
template <typename Row, typename Keep>
std::vector<Row> newest(const std::vector<Row>& rows, std::size_t limit, Keep keep) {
  std::vector<Row> out;
  for (auto row = rows.rbegin(); row != rows.rend() && out.size() < limit; ++row)
    if (keep(*row)) out.push_back(*row);
  return out;
}

/// What an event changes in backfills.
void fold_backfills(State& state, const Event& event);
/// The date of the backfill to which the run belongs, if it belongs to one.
void set_backfill_date(State& state, const RunRow& run, DateState to);

std::unique_ptr<Journal> make_journal(State& state);
std::unique_ptr<Leadership> make_leadership(State& state);
std::unique_ptr<Inbox> make_inbox(State& state);
std::unique_ptr<RunReader> make_run_reader(State& state);
std::unique_ptr<LogStore> make_log_store(State& state);
std::unique_ptr<Registry> make_registry(State& state);
std::unique_ptr<ServingStore> make_serving_store(State& state);
std::unique_ptr<Cursors> make_cursors(State& state);
std::unique_ptr<BackfillReader> make_backfill_reader(State& state);

}  // namespace millrace::mem
