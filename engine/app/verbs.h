// The verbs of the command line. Each prints for people, or JSON with --json, and returns an exit
// code (docs/cli.md): 0 done, 1 the run failed, otherwise traits(code).exit_code of the error.
#pragma once

#include <string>
#include <vector>

#include "engine/app/options.h"
#include "engine/base/json.h"
#include "engine/base/result.h"
#include "engine/core/dag.h"

namespace millrace {

Result<int> verb_up(const Options& options);
Result<int> verb_serve(const Options& options);
Result<int> verb_lint(const Options& options, const std::vector<std::string>& paths);
Result<int> verb_schema();
Result<int> verb_run(const Options& options, const std::string& file,
                     const std::vector<std::string>& params);
Result<int> verb_runner(const Options& options);
Result<int> verb_doctor(const Options& options, bool deep);
Result<int> verb_history(const Options& options);
Result<int> verb_backup(const Options& options, const std::string& folder);
Result<int> verb_restore(const Options& options, const std::string& folder);

struct DemoOptions {
  bool exit = false;   // stop at the end, and judge
  bool fresh = false;  // throw an earlier demo's state away
};
Result<int> verb_demo(const Options& options, const DemoOptions& demo);

// Of a running engine, over REST.
struct TriggerOptions {
  std::string dag;
  std::vector<std::string> params;  // name=value
  std::string logical_date;
  std::string idempotency_key;
  bool wait = false;
};
Result<int> verb_trigger(const Options& options, const TriggerOptions& trigger);
struct RunsOptions {
  std::string dag, status;  // "": any
  int limit = 20;
  std::string before;  // a run's id; "": from the newest on
};
Result<int> verb_runs(const Options& options, const RunsOptions& wanted);
Result<int> verb_show(const Options& options, const std::string& run);
struct LogOptions {
  std::string run, task;
  int map_index = -1;
  int attempt = 0;
  bool follow = false;
};
Result<int> verb_logs(const Options& options, const LogOptions& logs);
struct CancelOptions {
  std::string run, task;  // no task: the whole run
  int map_index = -1;     // -1: all instances
  bool force = false;
};
Result<int> verb_cancel(const Options& options, const CancelOptions& cancel);
Result<int> verb_retry(const Options& options, const std::string& run,
                       const std::vector<std::string>& tasks);
Result<int> verb_rollback(const Options& options, const std::string& model,
                          const std::string& version, const std::string& reason);
Result<int> verb_release(const Options& options, const std::string& model,
                         const std::string& version, const std::string& reason);
Result<int> verb_dags(const Options& options);
Result<int> verb_schedule_reset(const Options& options, const std::string& dag,
                                const std::string& reason);
Result<int> verb_models(const Options& options);

/// {"name": value, …} of "name=value" texts, each read as its declaration says.
Result<Json> parse_params(const std::vector<std::string>& params,
                          const std::vector<ParamSpec>& declared);

}  // namespace millrace
