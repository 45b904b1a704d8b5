#include "tests/oracle/oracle.h"

#include <algorithm>
#include <set>

#include "engine/store/projection.h"
#include "tests/oracle/replay.h"

namespace millrace::oracle {
namespace {

using TaskKey = std::pair<std::string, int>;

/// The tasks whose end is taken up by a task that needs them, did more than to be skipped and is no
/// teardown.
std::set<std::string> taken_up(const Run& run) {
  std::set<std::string> out;
  const auto& specs = run.dag->spec().tasks;
  for (std::size_t i = 0; i < specs.size(); ++i)
    for (const auto& instance : run.tasks[i].instances)
      if (instance.state != TaskState::skipped && !specs[i].teardown.is_set())
        out.insert(specs[i].needs.begin(), specs[i].needs.end());
  return out;
}

/// As docs/dags.md says it: by the tasks whose end nothing takes up, and whether it was cancelled.
RunStatus status_by_tasks(const Run& run) {
  const std::set<std::string> handled = taken_up(run);
  bool failed = false;
  for (std::size_t i = 0; i < run.tasks.size(); ++i) {
    const TaskSpec& spec = run.dag->spec().tasks[i];
    const bool counts = !spec.teardown.is_set() || spec.teardown.fail_run;
    for (const auto& instance : run.tasks[i].instances) {
      if (!is_end(instance.state)) return RunStatus::running;
      const bool good = instance.state == TaskState::success ||
                        instance.state == TaskState::skipped ||
                        (instance.state == TaskState::failed && spec.continue_on_error);
      failed |= counts && !good && !handled.contains(spec.id);
    }
  }
  if (run.cancelling) return RunStatus::cancelled;
  return failed ? RunStatus::failed : RunStatus::success;
}

Finding check_ends(const Replay& replay, const Expectations& expectations) {
  for (const auto& [id, run] : replay.runs()) {
    RunStatus by_tasks = status_by_tasks(run);
    // An output that could not be computed.
    const bool breaks_its_promise = run.dag->outputs() && !run.error.empty();
    if (by_tasks == RunStatus::success && breaks_its_promise) by_tasks = RunStatus::failed;
    if (run.status == RunStatus::running) {
      if (expectations.at_rest)
        return Violation{Rule::run_ended, "run " + id.to_string() + " did not end"};
    } else if (run.status != by_tasks) {
      return Violation{Rule::run_status,
                       "run " + id.to_string() + " ended as " + std::string(to_string(run.status)) +
                           "; from its tasks follows " + std::string(to_string(by_tasks))};
    }
  }
  return {};
}

Finding check_commands(Stores stores, const Replay& replay, const Expectations& expectations) {
  for (const Uuid& command : expectations.commands) {
    const auto handled = replay.commands().find(command);
    if (handled == replay.commands().end()) {
      if (expectations.at_rest)
        return Violation{Rule::command_once,
                         "command " + command.to_string() + " was never carried out"};
      continue;
    }
    const auto answer = stores.inbox.result(command);
    if (!answer || !*answer || (*answer)->ok != handled->second)
      return Violation{Rule::command_once,
                       "the answer to command " + command.to_string() + " is lost or another"};
  }
  for (const auto& [key, asked] : expectations.runs_by_key) {
    const auto made =
        std::ranges::count_if(asked, [&](const Uuid& run) { return replay.runs().contains(run); });
    if (made > 1)
      return Violation{Rule::one_run_per_key,
                       "key '" + key + "' started " + std::to_string(made) + " runs"};
  }
  return {};
}

Finding check_witness(const Replay& replay, const Witness* witness) {
  if (witness == nullptr) return {};
  for (const auto& mark : witness->begun)
    if (!replay.started().contains(mark))
      return Violation{Rule::durable_first,
                       "attempt " + mark + " ran, and the journal has no " + "start of it"};
  return {};
}

Finding wrong_row(std::string what) { return Violation{Rule::projections, std::move(what)}; }

Finding check_run_row(Stores stores, const Run& run) {
  const auto row = stores.runs.run(run.id);
  if (!row) return wrong_row("the row of run " + run.id.to_string() + " is missing");
  const RunRow want = run_row(run);
  const bool same = row->key() == want.key() && row->version == want.version &&
                    row->type == want.type && row->status == want.status &&
                    row->logical_date == want.logical_date && row->created_at == want.created_at &&
                    row->finished_at == want.finished_at && row->trace_id == want.trace_id &&
                    row->params == want.params && row->outputs == want.outputs &&
                    row->error == want.error && row->trigger == want.trigger &&
                    row->backfill == want.backfill;
  return same ? Finding() : wrong_row("the row of run " + run.id.to_string() + " differs");
}

Finding check_task_rows(Stores stores, const Run& run, Tally& tally) {
  const auto rows = stores.runs.tasks(run.id);
  if (!rows) return Violation{Rule::readable, rows.error().message};
  std::map<TaskKey, TaskRow> by_key;
  for (const auto& row : *rows)
    if (!by_key.emplace(TaskKey(row.task, row.map_index), row).second)
      return wrong_row("task " + row.task + " has two rows");
  for (int t = 0; t < static_cast<int>(run.tasks.size()); ++t) {
    const auto& progress = run.tasks[static_cast<std::size_t>(t)];
    for (std::size_t i = 0; i < progress.instances.size(); ++i) {
      const TaskRef ref{t, progress.expanded ? static_cast<int>(i) : -1};
      if (!is_end(run.instance(ref).state)) continue;
      ++tally.tasks;
      const TaskRow want = task_row(run, ref);
      const auto row = by_key.extract(TaskKey(want.task, want.map_index));
      if (row.empty()) return wrong_row("the row of task " + want.task + " is missing");
      const TaskRow& is = row.mapped();
      if (is.state != want.state || is.attempt != want.attempt ||
          is.started_at != want.started_at || is.ended_at != want.ended_at ||
          is.error != want.error)
        return wrong_row("the row of task " + want.task + " differs");
    }
  }
  if (!by_key.empty())
    return wrong_row("there is a row of task " + by_key.begin()->first.first +
                     ", which has not ended");
  return {};
}

Finding check_dag_rows(Stores stores, const Replay& replay) {
  for (const auto& [id, dag] : replay.dags()) {
    const auto row = stores.runs.dag(id);
    if (!row) return wrong_row("the row of DAG " + id.text() + " is missing");
    const auto last = dag.scheduled.empty() ? std::nullopt : std::optional(*dag.scheduled.rbegin());
    if (row->version != dag.version || row->paused != dag.paused || row->last_logical_date != last)
      return wrong_row("the row of DAG " + id.text() + " differs");
  }
  return {};
}

Finding check_backfills(const Replay& replay, const Expectations& expectations) {
  if (!expectations.at_rest) return {};
  std::set<DagKey> startable;
  for (const auto& [id, dag] : replay.dags())
    if (!dag.retired) startable.insert(id);
  return replay.backfills().unfinished(startable);
}

Finding check_projections(Stores stores, const Replay& replay, Tally& tally) {
  if (auto wrong = check_dag_rows(stores, replay)) return wrong;
  if (auto wrong = replay.backfills().compare(stores.backfills)) return wrong;
  std::set<Uuid> open;
  for (const auto& [id, run] : replay.runs()) {
    if (run.status == RunStatus::running) open.insert(id);
    if (auto wrong = check_run_row(stores, run)) return wrong;
    if (auto wrong = check_task_rows(stores, run, tally)) return wrong;
  }
  const auto rows = stores.runs.open_runs();
  if (!rows) return Violation{Rule::readable, rows.error().message};
  for (const auto& row : *rows)
    if (open.erase(row.run) == 0)
      return wrong_row("run " + row.run.to_string() + " stands as open");
  if (!open.empty()) return wrong_row("run " + open.begin()->to_string() + " does not stand open");
  return {};
}

}  // namespace

std::string mark_of(const Uuid& run, const std::string& task, int map_index, int attempt,
                    std::int64_t epoch, int call) {
  return run.to_string() + "/" + task + "/" + std::to_string(map_index) + "#" +
         std::to_string(attempt) + "@" + std::to_string(epoch) +
         (call == 0 ? "" : "+" + std::to_string(call));
}

Judgement judge(Stores stores, const Expectations& expectations) {
  Judgement judgement;
  Replay replay(stores, expectations, judgement.tally);
  judgement.violation = replay.run();
  judgement.tally.effects_by_kind = replay.effects().counts();
  for (const auto& [kind, count] : judgement.tally.effects_by_kind)
    judgement.tally.effects += count;
  auto& wrong = judgement.violation;
  if (!wrong) wrong = check_witness(replay, expectations.witness);
  if (!wrong) wrong = check_ends(replay, expectations);
  if (!wrong) wrong = check_backfills(replay, expectations);
  if (!wrong) wrong = check_commands(stores, replay, expectations);
  if (!wrong) wrong = check_projections(stores, replay, judgement.tally);
  std::vector<Uuid> runs;
  for (const auto& [id, run] : replay.runs()) runs.push_back(id);
  if (!wrong) wrong = replay.effects().compare(stores, runs);
  return judgement;
}

}  // namespace millrace::oracle
