#include "tests/sim/oracle.h"

#include <algorithm>
#include <map>

#include "engine/core/executor.h"
#include "engine/store/load_run.h"
#include "engine/store/projection.h"

namespace millrace::sim {
namespace {

/// Folds the whole journal, run by run, and judges each event at the moment it happened.
class Replay {
 public:
  Replay(Stores stores, const Limits& limits, Verdict& verdict)
      : stores_(stores), dags_(stores.runs), limits_(limits), verdict_(verdict) {}

  std::string run() {
    std::int64_t seq = 0;
    for (;;) {
      const auto events = stores_.journal.read(seq, 500);
      if (!events) return "the journal cannot be read: " + events.error().message;
      if (events->empty()) break;
      for (const auto& event : *events) {
        if (event.seq != seq + 1) return "the journal has a gap after " + std::to_string(seq);
        seq = event.seq;
        if (auto wrong = take(event); !wrong.empty())
          return "event " + std::to_string(seq) + ": " + wrong;
      }
    }
    verdict_.events = static_cast<int>(seq);
    return check_ends();
  }

  const std::map<Uuid, Run>& runs() const { return runs_; }
  const std::map<std::string, int>& registrations() const { return registrations_; }

 private:
  std::string take(const Event& event) {
    if (const auto* effects = effects_of(event.body))
      for (const auto& effect : *effects)
        if (const auto* model = std::get_if<RegisterModel>(&effect))
          ++registrations_[model->artifact];
    if (const auto* handled = std::get_if<CommandHandled>(&event.body))
      if (!commands_.insert(handled->command).second) return "a command was carried out twice";
    if (event.run.is_nil()) return {};
    if (const auto* created = std::get_if<RunCreated>(&event.body)) return create(event, *created);
    const auto found = runs_.find(event.run);
    if (found == runs_.end()) return "is about a run that was never created";
    Run& run = found->second;
    if (auto wrong = before(run, event); !wrong.empty()) return wrong;
    if (const auto folded = apply(run, event); !folded) return folded.error().message;
    return after(event);
  }

  std::string create(const Event& event, const RunCreated& created) {
    auto dag = dags_.get(created.dag, created.version);
    if (!dag) return "its DAG version is lost";
    if (!runs_.emplace(event.run, make_run(event, *dag)).second) return "the run was created twice";
    if (created.type == RunType::scheduled &&
        !scheduled_.emplace(created.dag, *created.logical_date).second)
      return "a second scheduled run of one logical date";
    ++verdict_.runs;
    return {};
  }

  std::string before(const Run& run, const Event& event) {
    const auto* started = std::get_if<AttemptStarted>(&event.body);
    if (started == nullptr) return {};
    if (started->epoch < epoch_) return "an attempt of a former epoch started after a newer one";
    epoch_ = started->epoch;
    if (!run.has(started->ref)) return {};  // apply says it
    const auto& task = run.dag->task(started->ref.task);
    const auto& progress = run.tasks[static_cast<std::size_t>(started->ref.task)];
    const bool plain = !task.spec.trigger_rule && !task.condition;
    if (plain &&
        (progress.upstream_open > 0 || progress.upstream.done() != progress.upstream.success))
      return "task " + task.spec.id + " started before its upstream had succeeded";
    if (!attempts_.insert({run.id, started->ref, started->attempt, started->epoch}).second &&
        run.instance(started->ref).state != TaskState::queued &&
        run.instance(started->ref).state != TaskState::deferred)
      return "an attempt started twice";
    ++verdict_.attempts;
    return {};
  }

  /// Slots in use, by the journal alone.
  std::string after(const Event& event) {
    const TaskRef* ref = task_of(event.body);
    if (ref == nullptr) return {};
    const Run& run = runs_.at(event.run);
    if (!run.has(*ref)) return {};
    const std::pair key{run.id, *ref};
    const bool light = run.dag->task(ref->task).spec.op == "light";
    auto& in_use = light ? light_ : process_;
    if (run.instance(*ref).state == TaskState::running)
      in_use.insert(key);
    else
      in_use.erase(key);
    const int most = light ? limits_.light_slots
                           : limits_.process_slots * (1 + limits_.ahead_per_slot);
    if (static_cast<int>(in_use.size()) > most)
      return "more attempts run than there are slots";
    return {};
  }

  std::string check_ends() const {
    for (const auto& [id, run] : runs_) {
      if (run.status == RunStatus::running) return "run " + id.to_string() + " did not end";
      if (run.status != derive_status(run))
        return "run " + id.to_string() + " ended with the wrong status";
      for (const auto& task : run.tasks)
        for (const auto& instance : task.instances) {
          ++verdict_.tasks;
          if (!is_end(instance.state)) return "a task of a finished run is open";
        }
    }
    return {};
  }

  Stores stores_;
  DagCache dags_;
  Limits limits_;
  Verdict& verdict_;
  std::map<Uuid, Run> runs_;
  std::set<std::pair<std::string, Time>> scheduled_;
  std::set<AttemptKey> attempts_;
  std::set<Uuid> commands_;
  std::set<std::pair<Uuid, TaskRef>> process_, light_;
  std::map<std::string, int> registrations_;
  std::int64_t epoch_ = 0;
};

std::string check_projections(Stores stores, const std::map<Uuid, Run>& runs) {
  for (const auto& [id, run] : runs) {
    const auto row = stores.runs.run(id);
    if (!row) return "the row of run " + id.to_string() + " is missing";
    const RunRow expected = run_row(run);
    if (row->status != expected.status || row->finished_at != expected.finished_at ||
        row->logical_date != expected.logical_date)
      return "the row of run " + id.to_string() + " differs from the fold";
    const auto rows = stores.runs.tasks(id);
    if (!rows) return "the task rows cannot be read";
    std::map<std::pair<std::string, int>, TaskRow> by_key;
    for (const auto& task : *rows)
      if (!by_key.emplace(std::pair(task.task, task.map_index), task).second)
        return "a task row stands twice";
    std::size_t expected_rows = 0;
    for (int t = 0; t < static_cast<int>(run.tasks.size()); ++t) {
      const auto& progress = run.tasks[static_cast<std::size_t>(t)];
      for (std::size_t i = 0; i < progress.instances.size(); ++i, ++expected_rows) {
        const TaskRef ref{t, progress.expanded ? static_cast<int>(i) : -1};
        const TaskRow want = task_row(run, ref);
        const auto found = by_key.find({want.task, want.map_index});
        if (found == by_key.end()) return "the row of a task that ended is missing";
        if (found->second.state != want.state || found->second.attempt != want.attempt ||
            found->second.ended_at != want.ended_at)
          return "a task row differs from the fold";
      }
    }
    if (expected_rows != by_key.size()) return "there are rows of tasks that the run does not have";
  }
  return {};
}

std::string check_models(Stores stores, const std::map<std::string, int>& registrations) {
  const auto versions = stores.registry.model_versions("m");
  if (!versions) return registrations.empty() ? "" : "the model's versions are lost";
  if (versions->size() != registrations.size()) return "a model version is lost or doubled";
  std::set<int> numbers;
  for (const auto& version : *versions) {
    if (!registrations.contains(version.artifact)) return "a model version came from nowhere";
    numbers.insert(version.version);
  }
  if (!numbers.empty() &&
      (*numbers.begin() != 1 || *numbers.rbegin() != static_cast<int>(numbers.size())))
    return "the numbers of the model's versions have gaps";
  return {};
}

}  // namespace

std::string check(Stores stores, const Limits& limits, const std::set<Uuid>& accepted,
                  Verdict& verdict) {
  Replay replay(stores, limits, verdict);
  if (auto wrong = replay.run(); !wrong.empty()) return wrong;
  for (const auto& run : accepted)
    if (!replay.runs().contains(run)) return "an accepted run was lost";
  if (auto wrong = check_projections(stores, replay.runs()); !wrong.empty()) return wrong;
  return check_models(stores, replay.registrations());
}

}  // namespace millrace::sim
