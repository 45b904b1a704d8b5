// up, serve, runner, lint, schema.
#include <signal.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <iterator>

#include "engine/app/node.h"
#include "engine/app/terminal.h"
#include "engine/app/verbs.h"
#include "engine/artifact/artifact_store.h"
#include "engine/base/clock.h"
#include "engine/exec/runner_main.h"
#include "engine/sched/engine.h"
#include "engine/spec/check_datasets.h"
#include "engine/spec/load.h"
#include "engine/spec/schema.h"
#include "operators/catalog.h"

namespace millrace {
namespace {

std::string url(const std::string& host, int port) {
  return "http://" + host + ":" + std::to_string(port);
}

/// Another signal, or the end of the time, ends the wait; what still runs then is tried again by
/// the next engine.
void drain(Engine& engine, Duration patience) {
  constexpr Duration kLook = std::chrono::milliseconds{100};
  engine.drain();
  std::printf(
      "draining: no task starts; waiting up to %s for those that run (Ctrl-C: not at all)\n",
      human_duration(patience).c_str());
  std::fflush(stdout);
  for (Duration waited{}; waited < patience && !signal_waits(); waited += kLook)
    if (engine.wait_until_drained(kLook)) return;
}

/// Each connection is one, and the usual 1,024 are few. What the shell allows at most is taken, up
/// to what two full servers need.
void allow_many_descriptors() {
  constexpr rlim_t kWanted = 65'536;
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= kWanted) return;
  limit.rlim_cur = std::min(limit.rlim_max, kWanted);
  setrlimit(RLIMIT_NOFILE, &limit);
}

Result<int> stay(const Options& options, const NodeParts& parts) {
  allow_many_descriptors();
  // Not a refusal: in a container there is no other address to listen on.
  std::fputs(open_servers_warning(options.host).c_str(), stderr);
  MR_TRY(auto node, Node::start(options, parts));
  Endpoint endpoint;
  endpoint.pid = getpid();
  if (parts.api) endpoint.api = url(options.host, node->api_port());
  if (parts.serve) endpoint.serve = url(options.host, node->serve_port());
  if (parts.engine) MR_CHECK(write_endpoint(options.state, endpoint));
  if (parts.api) std::printf("dashboard and API  %s\n", endpoint.api.c_str());
  if (parts.serve) std::printf("model server       %s\n", endpoint.serve.c_str());
  std::printf("state              %s\n", std::filesystem::absolute(options.state).c_str());
  std::printf("Ctrl-C stops it.\n");
  std::fflush(stdout);
  if (take_signal() == SIGTERM && parts.engine) drain(node->engine(), options.drain);
  std::printf("stopping\n");
  if (parts.engine) remove_endpoint(options.state);
  return 0;
}

Result<std::vector<std::filesystem::path>> files_of(const std::vector<std::string>& paths) {
  std::vector<std::filesystem::path> files;
  for (const auto& path : paths) {
    if (!std::filesystem::is_directory(path)) {
      files.emplace_back(path);
      continue;
    }
    MR_TRY(const auto found, find_dag_files(path));
    files.insert(files.end(), found.begin(), found.end());
  }
  return files;
}

}  // namespace

Result<int> verb_up(const Options& options) { return stay(options, {}); }

Result<int> verb_serve(const Options& options) {
  return stay(options, {.engine = false, .serve = true, .api = false, .watch_dags = false});
}

Result<int> verb_runner(const Options& options) {
  MR_TRY(ArtifactStore artifacts, ArtifactStore::open(options.state / "artifacts"));
  const Catalog catalog = builtin_catalog();
  const SystemClock clock;
  return runner_main(catalog, artifacts, clock);
}

namespace {

/// What was found in a file, with its text for the caret.
struct Finding {
  Diagnostic diagnostic;
  std::string source;
};

std::vector<Finding> lint_files(const std::vector<std::filesystem::path>& files) {
  const Catalog catalog = builtin_catalog();
  std::vector<LoadedFile> loaded;
  for (const auto& path : files) loaded.push_back({path.string(), load_dag_file(path, catalog)});
  std::vector<Diagnostic> together = check_twins(loaded);
  std::ranges::move(check_dataset_rings(loaded, catalog), std::back_inserter(together));
  std::vector<Finding> out;
  for (const auto& file : loaded) {
    for (const auto& diagnostic : file.loaded.diagnostics)
      out.push_back({diagnostic, file.loaded.source});
    for (const auto& diagnostic : together)
      if (diagnostic.file == file.path) out.push_back({diagnostic, file.loaded.source});
  }
  if (files.empty())
    out.push_back(
        {{"", 0, 1, Diagnostic::Severity::warning, "there is no DAG file here",
          "a DAG file ends in .yaml or .yml and has a top-level key 'dag'", "no-dag-files"},
         ""});
  return out;
}

}  // namespace

Result<int> verb_lint(const Options& options, const std::vector<std::string>& paths) {
  const auto searched = paths.empty() ? std::vector<std::string>{options.dags.string()} : paths;
  MR_TRY(const auto files, files_of(searched));
  int errors = 0, warnings = 0;
  Json all = Json::array();
  for (auto& [diagnostic, source] : lint_files(files)) {
    if (diagnostic.file.empty()) diagnostic.file = searched.front();
    (diagnostic.severity == Diagnostic::Severity::error ? errors : warnings) += 1;
    if (!options.json) std::fputs(render(diagnostic, source).c_str(), stdout);
    all.push_back(Json::object({{"file", diagnostic.file},
                                {"line", diagnostic.line},
                                {"column", diagnostic.column},
                                {"severity", to_string(diagnostic.severity)},
                                {"message", diagnostic.message},
                                {"hint", diagnostic.hint},
                                {"code", diagnostic.code}}));
  }
  if (options.json)
    std::printf("%s\n", all.dump_pretty().c_str());
  else
    std::printf("%zu file%s, %d error%s, %d warning%s\n", files.size(),
                files.size() == 1 ? "" : "s", errors, errors == 1 ? "" : "s", warnings,
                warnings == 1 ? "" : "s");
  return errors > 0 ? 1 : 0;
}

Result<int> verb_schema() {
  std::printf("%s\n", dag_json_schema(builtin_catalog()).dump_pretty().c_str());
  return 0;
}

}  // namespace millrace
