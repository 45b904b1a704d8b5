// DagFolder: watches the DAG files of a folder and hands all that it declares to the engine. A file
// with errors is reported, and the version before it stays in force; a DAG that no file declares
// any more is retired.
#pragma once

#include <filesystem>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/base/service.h"
#include "engine/op/catalog.h"
#include "engine/sched/engine.h"
#include "engine/spec/check_datasets.h"

namespace millrace {

/// Thread-safe. Owns one thread between start and stop.
class DagFolder {
 public:
  DagFolder(std::filesystem::path folder, const Catalog& catalog, Engine& engine);
  ~DagFolder() { stop(); }

  /// Loads everything once, then watches.
  void start();
  void stop();

 private:
  using SteadyTime = std::chrono::steady_clock::time_point;

  void watch();
  /// Looks at `now`. True: what is missing may be on its way back, so look again soon.
  bool scan(SteadyTime now);
  void reload(const std::vector<std::filesystem::path>& files);
  SyncDags contents() const;
  bool keep_missing(SyncDags& folder, SteadyTime now);

  struct File {
    std::string digest;  // of its text
    LoadedFile loaded;
    std::optional<RegisterDag> dag;
  };

  const std::filesystem::path folder_;
  const Catalog& catalog_;
  Engine& engine_;
  // Of the scan alone.
  std::map<std::string, File> files_;  // by path
  std::set<std::string> seen_;         // ids that a file here has declared
  std::set<std::string> declared_;     // ids at the last look, those included that are missed
  std::map<std::string, SteadyTime> missing_;  // ids that no file declares, since when
  std::optional<std::string> handed_over_;     // what the engine has, in short

  Service service_{"dag folder"};
};

/// The diagnostics of a file as the API shows them.
Json diagnostics_json(const std::vector<Diagnostic>& diagnostics, std::string_view source);

/// Loads one file and makes it ready for the engine; the error's message is all of its diagnostics.
Result<RegisterDag> load_for_engine(const std::filesystem::path& path, const Catalog& catalog);

}  // namespace millrace
