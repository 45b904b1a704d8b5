// The verbs of the command line, one row each. Adding one: a `declare_…` function beside what the
// verb does, and its row in verbs.cc.
#pragma once

#include <functional>
#include <span>

#include "engine/app/options.h"
#include "engine/base/result.h"

namespace CLI {
class App;
}

namespace millrace {

/// What a verb does after its words have been read. Returns the exit code (docs/cli.md): 0 done, 1
/// the run failed or the check found something, otherwise traits(code).exit_code of the error.
using VerbAction = std::function<Result<int>()>;

struct Verb {
  const char* name;
  const char* help;  // one line; "": --help does not list it
  /// Adds the verb's own words. `options` outlives the action.
  VerbAction (*declare)(CLI::App& verb, Options& options);
};

/// In the order of --help.
std::span<const Verb> verbs();

VerbAction declare_up(CLI::App& verb, Options& options);
VerbAction declare_serve(CLI::App& verb, Options& options);
VerbAction declare_init(CLI::App& verb, Options& options);
VerbAction declare_lint(CLI::App& verb, Options& options);
VerbAction declare_test(CLI::App& verb, Options& options);
VerbAction declare_graph(CLI::App& verb, Options& options);
VerbAction declare_plan(CLI::App& verb, Options& options);
VerbAction declare_schema(CLI::App& verb, Options& options);
VerbAction declare_run(CLI::App& verb, Options& options);
VerbAction declare_trigger(CLI::App& verb, Options& options);
VerbAction declare_runs(CLI::App& verb, Options& options);
VerbAction declare_show(CLI::App& verb, Options& options);
VerbAction declare_logs(CLI::App& verb, Options& options);
VerbAction declare_cancel(CLI::App& verb, Options& options);
VerbAction declare_resume(CLI::App& verb, Options& options);
VerbAction declare_retry(CLI::App& verb, Options& options);
VerbAction declare_rollback(CLI::App& verb, Options& options);
VerbAction declare_release(CLI::App& verb, Options& options);
VerbAction declare_dags(CLI::App& verb, Options& options);
VerbAction declare_next(CLI::App& verb, Options& options);
VerbAction declare_schedule(CLI::App& verb, Options& options);
VerbAction declare_backfill(CLI::App& verb, Options& options);
VerbAction declare_models(CLI::App& verb, Options& options);
VerbAction declare_doctor(CLI::App& verb, Options& options);
VerbAction declare_history(CLI::App& verb, Options& options);
VerbAction declare_backup(CLI::App& verb, Options& options);
VerbAction declare_restore(CLI::App& verb, Options& options);
VerbAction declare_demo(CLI::App& verb, Options& options);
VerbAction declare_runner(CLI::App& verb, Options& options);
VerbAction declare_completion(CLI::App& verb, Options& options);
VerbAction declare_complete(CLI::App& verb, Options& options);
VerbAction declare_sdk(CLI::App& verb, Options& options);

}  // namespace millrace
