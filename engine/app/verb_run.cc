// run: one DAG file, once, with an engine of its own and a view of its progress.
#include <condition_variable>
#include <cstdio>
#include <map>
#include <mutex>

#include "engine/app/dag_folder.h"
#include "engine/app/node.h"
#include "engine/app/terminal.h"
#include "engine/app/verbs.h"
#include "engine/sched/engine.h"
#include "engine/store/command.h"
#include "engine/store/load_run.h"

namespace millrace {
namespace {

/// Prints each change of a task's state once, as a line.
class Progress {
 public:
  void show(const Run& run) {
    for (int t = 0; t < static_cast<int>(run.tasks.size()); ++t) {
      const auto& task = run.tasks[static_cast<std::size_t>(t)];
      for (std::size_t i = 0; i < task.instances.size(); ++i)
        show(run, {t, task.expanded ? static_cast<int>(i) : -1}, task.instances[i]);
    }
  }

 private:
  void show(const Run& run, TaskRef ref, const TaskInstance& instance) {
    auto& last = seen_[ref];
    const std::pair now{instance.state, instance.attempt};
    if (now == last || instance.state == TaskState::pending || instance.state == TaskState::queued)
      return;
    last = now;
    std::string name = run.dag->task(ref.task).spec.id;
    if (ref.map_index >= 0) name += "[" + std::to_string(ref.map_index) + "]";
    std::string detail;
    if (is_end(instance.state) && instance.started != Time{})
      detail = human_duration(instance.since - instance.started);
    if (instance.attempt > 1) detail += " attempt " + std::to_string(instance.attempt);
    if (instance.state == TaskState::failed || instance.state == TaskState::up_for_retry)
      detail += "  " + instance.error.to_string();
    if (instance.state == TaskState::skipped) detail += "  " + instance.reason;
    std::printf("%8s  %-24s %s  %s\n", human_duration(instance.since - run.created_at).c_str(),
                name.c_str(), paint(to_string(instance.state)).c_str(), detail.c_str());
    std::fflush(stdout);
  }

  std::map<TaskRef, std::pair<TaskState, int>> seen_;
};

/// Counts the journal's changes, so that a waiter misses none.
class Changes {
 public:
  void note() {
    const std::lock_guard lock(mutex_);
    ++count_;
    changed_.notify_all();
  }
  long count() {
    const std::lock_guard lock(mutex_);
    return count_;
  }
  /// Half a second at most: a notification may be lost, and signals want to be seen.
  void wait_beyond(long seen) {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, std::chrono::milliseconds{500}, [&] { return count_ != seen; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  long count_ = 0;
};

/// A trigger that the engine takes up before the DAG would be refused.
Status put_and_wait(Node& node, RegisterDag dag, Changes& changes) {
  const std::string id = dag.dag->id(), version = dag.dag->version();
  node.engine().put_dag(std::move(dag));
  for (;;) {
    const long seen = changes.count();
    const auto row = node.stores().runs.dag(id);
    if (row && row->version == version) return {};
    if (!row && row.error().code != ErrorCode::not_found) return row.error();
    if (signal_waits()) return make_error(ErrorCode::cancelled, "interrupted");
    changes.wait_beyond(seen);
  }
}

Json summary(const Run& run) {
  Json tasks = Json::array();
  for (std::size_t t = 0; t < run.tasks.size(); ++t)
    for (const auto& instance : run.tasks[t].instances)
      tasks.push_back(Json::object({{"task", run.dag->tasks()[t].spec.id},
                                    {"state", to_string(instance.state)},
                                    {"attempt", instance.attempt},
                                    {"outputs", instance.outputs}}));
  return Json::object({{"run", run.id.to_string()},
                       {"status", to_string(run.status)},
                       {"tasks", std::move(tasks)}});
}

}  // namespace

Result<int> verb_run(const Options& options, const std::string& file,
                     const std::vector<std::string>& params) {
  Options own = options;
  own.port = own.serve_port = 0;
  auto changes = std::make_shared<Changes>();
  MR_TRY(auto node,
         Node::start(own, {.engine = true, .serve = true, .api = false, .watch_dags = false}));
  node->on_journal_change([changes] { changes->note(); });
  MR_TRY(RegisterDag dag, load_for_engine(file, node->catalog()));
  const std::string id = dag.dag->id();
  MR_CHECK(put_and_wait(*node, std::move(dag), *changes));

  Command command;
  command.kind = command::trigger_run;
  command.origin = {"cli", "millrace run"};
  command.body = Json::object({{"dag", id}});
  MR_TRY(const Json given, parse_params(params));
  command.body.set("params", given);
  MR_TRY(const Json answer, node->ask(command, std::chrono::seconds{30}));
  MR_TRY(const Uuid run_id, Uuid::parse(answer["run"].as_view()));
  if (!options.json) std::printf("run %s of %s\n", run_id.to_string().c_str(), id.c_str());

  Progress progress;
  Stores stores = node->stores();
  for (;;) {
    const long seen = changes->count();
    MR_TRY(const Run run, load_run(stores.journal, stores.runs, run_id));
    if (!options.json) progress.show(run);
    if (run.status != RunStatus::running) {
      if (options.json)
        std::printf("%s\n", summary(run).dump_pretty().c_str());
      else
        std::printf("%s in %s\n", paint(to_string(run.status)).c_str(),
                    human_duration(run.finished_at - run.created_at).c_str());
      return run.status == RunStatus::success ? 0 : 1;
    }
    if (signal_waits())
      return make_error(ErrorCode::cancelled, "interrupted; the run goes on with the next engine");
    changes->wait_beyond(seen);
  }
}

}  // namespace millrace
