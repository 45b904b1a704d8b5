// runner: a process that executes attempts; the engine starts it.
#include "engine/app/verbs.h"
#include "engine/artifact/artifact_store.h"
#include "engine/base/clock.h"
#include "engine/exec/runner_main.h"
#include "operators/catalog.h"

namespace millrace {

VerbAction declare_runner(CLI::App&, Options& options) {
  return [&options]() -> Result<int> {
    MR_TRY(ArtifactStore artifacts, ArtifactStore::open(options.state / "artifacts"));
    const Catalog catalog = builtin_catalog();
    const SystemClock clock;
    return runner_main(catalog, artifacts, clock);
  };
}

}  // namespace millrace
