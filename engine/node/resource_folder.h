// ResourceFolder: watches the YAML files of a folder and hands all that they declare to the engine,
// whatever its kind. A file with errors is reported, and the version before it stays in force; a
// resource that no file declares any more is retired.
#pragma once

#include <chrono>
#include <filesystem>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "engine/base/service.h"
#include "engine/core/planner.h"
#include "engine/op/catalog.h"
#include "engine/spec/load.h"

namespace millrace {

struct ResourceFolderParts {
  std::filesystem::path folder;
  const Catalog& catalog;
  /// Receives all that the folder holds, when something has changed.
  std::function<void(SyncDags)> put;
  const ResourceKinds& kinds = builtin_kinds();
};

/// Thread-safe. Owns one thread between start and stop.
class ResourceFolder {
 public:
  using SteadyTime = std::chrono::steady_clock::time_point;

  explicit ResourceFolder(ResourceFolderParts parts);
  ~ResourceFolder() { stop(); }

  /// Loads everything once, then watches.
  void start();
  void stop();
  /// Looks at `now`; not while it watches. True: what is missing may be on its way back, so look
  /// again soon.
  bool scan(SteadyTime now);

 private:
  void watch();
  void follow_subfolders(int changes) const;
  void reload(const FoundFiles& found);
  bool reload_templates(const std::vector<std::filesystem::path>& paths);
  SyncDags contents() const;
  bool keep_missing(SyncDags& folder, SteadyTime now);
  static void declare(SyncDags& folder, const ResourceKey& key);

  struct File {
    std::string digest;  // of its text
    Resource resource;
    /// All that it depends on.
    std::string digest_with(const std::string& templates) const {
      return resource.uses_templates ? digest + ' ' + templates : digest;
    }
  };

  const ResourceFolderParts parts_;
  // Of the scan alone.
  std::map<std::string, File> files_;  // by path
  Templates templates_;
  std::string templates_digest_;               // of their paths and texts
  std::set<ResourceKey> seen_;                 // what a file here has declared
  std::set<ResourceKey> declared_;             // at the last look, those included that are missed
  std::map<ResourceKey, SteadyTime> missing_;  // what no file declares, since when
  std::optional<std::string> handed_over_;     // what the engine has, in short

  Service service_{"resource folder"};
};

/// Loads one DAG file and makes it ready for the engine; the error's message is all of its
/// diagnostics. Templates are looked for in `folder` if the file is below it, otherwise in the
/// folder of the file.
Result<RegisterDag> load_for_engine(const std::filesystem::path& path, const Catalog& catalog,
                                    const std::filesystem::path& folder = {});

}  // namespace millrace
