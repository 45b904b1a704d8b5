// run: executes one DAG file once with an engine of its own and shows the progress and the output.
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <memory>

#include "engine/app/engine_address.h"
#include "engine/app/param_words.h"
#include "engine/app/run_progress.h"
#include "engine/app/shared_options.h"
#include "engine/app/terminal.h"
#include "engine/app/verbs.h"
#include "engine/app/word_check.h"
#include "engine/base/log.h"
#include "engine/base/mutex.h"
#include "engine/core/timetable.h"
#include "engine/node/node.h"
#include "engine/node/resource_folder.h"
#include "engine/sched/engine.h"
#include "engine/store/command.h"
#include "engine/store/load_run.h"
#include "operators/catalog.h"

namespace millrace {
namespace {

/// Counts the journal's changes, so that a waiter misses none.
class Changes {
 public:
  void note() {
    const MutexLock lock(mutex_);
    ++count_;
    changed_.notify_all();
  }
  long count() {
    const MutexLock lock(mutex_);
    return count_;
  }
  /// At most 100 ms: the output of tasks does not count as a change, and signals must be noticed.
  void wait_beyond(long seen) {
    MutexLock lock(mutex_);
    changed_.wait_for(lock, std::chrono::milliseconds{100},
                      [&]() REQUIRES(mutex_) { return count_ != seen; });
  }

 private:
  Mutex mutex_;
  ConditionVariable changed_;
  long count_ GUARDED_BY(mutex_) = 0;
};

/// A trigger that the engine takes up before the DAG would be refused.
Status put_and_wait(Node& node, RegisterDag dag, Changes& changes) {
  const DagKey key = dag.dag->key();
  const std::string version = dag.dag->version();
  node.engine().put_dag(std::move(dag));
  for (;;) {
    const long seen = changes.count();
    const auto row = node.stores().runs.dag(key);
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
                       {"outputs", run.outputs},
                       {"error", run.error},
                       {"tasks", std::move(tasks)}});
}

void print_end(const Run& run) {
  std::printf("%s in %s\n", paint(to_string(run.status)).c_str(),
              human_duration(run.finished_at - run.created_at).c_str());
  if (run.outputs.size() > 0) std::printf("outputs %s\n", run.outputs.dump().c_str());
  if (!run.error.empty()) std::printf("%s\n", run.error.c_str());
}

/// While the run goes on, other verbs find its API; afterwards they read the folder themselves.
struct AddressRemoval {
  std::filesystem::path state;
  ~AddressRemoval() { remove_engine_address(state); }
};

struct RunWords {
  std::string file;
  std::vector<std::string> params;
  std::string logical_date;
};

Result<int> run(const Options& options, const RunWords& words) {
  if (!std::filesystem::exists(words.file))
    return not_found("there is no file '" + words.file + "'");
  // The progress is the output; the engine's own news would interrupt it.
  if (!options.log_json) log::configure(log::Severity::warning, log::Format::text);
  Options own = options;
  own.port = own.serve_port = 0;
  auto changes = std::make_shared<Changes>();
  MR_TRY(RegisterDag dag, load_for_engine(words.file, builtin_catalog(), options.dags));
  const DagKey key = dag.dag->key();
  MR_TRY(const Json given, parse_params(words.params, dag.dag->spec().params));
  if (!words.logical_date.empty()) MR_CHECK(parse_wall_time(words.logical_date, "UTC"));
  MR_TRY(auto node, Node::start(own, {.watch_dags = false, .only_dag = key}));
  MR_CHECK(write_engine_address(
      own.state, {server_url(own, node->api_port()), "", getpid(), database_mark(own), ""}));
  const AddressRemoval removal{own.state};
  node->on_journal_change([changes] { changes->note(); });
  MR_CHECK(put_and_wait(*node, std::move(dag), *changes));

  TriggerRun input{.dag = key.name};
  input.params = given;
  input.logical_date = words.logical_date;
  MR_TRY(const Json answer,
         node->ask(make_command(input, {key.namespace_, {kLocalPrincipal, "millrace run"}}),
                   std::chrono::seconds{30}));
  MR_TRY(const RunAnswer started, answer_to<TriggerRun>(answer));
  const Uuid run_id = started.run;
  if (!options.json) std::printf("run %s of %s\n", run_id.to_string().c_str(), key.text().c_str());

  Stores stores = node->stores();
  RunProgress progress(stores.logs);
  for (;;) {
    const long seen = changes->count();
    MR_TRY(const Run run, load_run(stores.journal, stores.runs, run_id));
    if (!options.json) progress.show(run);
    if (!is_open(run.status)) {
      if (options.json)
        std::printf("%s\n", summary(run).dump_pretty().c_str());
      else
        print_end(run);
      return run.status == RunStatus::success ? 0 : 1;
    }
    if (signal_waits())
      return make_error(ErrorCode::cancelled, "interrupted; the run goes on with the next engine");
    changes->wait_beyond(seen);
  }
}

}  // namespace

VerbAction declare_run(CLI::App& verb, Options& options) {
  auto words = std::make_shared<RunWords>();
  verb.add_option("file", words->file, "The DAG file")->required();
  add_param_option(verb, words->params);
  verb.add_option("--logical-date", words->logical_date, "Logical date of the run")
      ->check(not_empty());
  add_runner_options(verb, options);
  add_dags_option(verb, options);
  return [&options, words] { return run(options, *words); };
}

}  // namespace millrace
