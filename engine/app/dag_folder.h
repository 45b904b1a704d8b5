// DagFolder: watches the DAG files of a folder and hands what changes to the engine. A file with
// errors is reported, and the version before it stays in force.
#pragma once

#include <condition_variable>
#include <filesystem>
#include <map>
#include <mutex>
#include <string>
#include <thread>

#include "engine/op/catalog.h"
#include "engine/sched/engine.h"

namespace millrace {

/// Thread-safe. Owns one thread between start and stop.
class DagFolder {
 public:
  DagFolder(std::filesystem::path folder, const Catalog& catalog, Engine& engine);
  ~DagFolder() { stop(); }

  /// Loads everything once, then watches.
  void start();
  void stop();
  /// Looks now; returns how many files changed.
  int scan();

 private:
  void watch();
  void load(const std::filesystem::path& path);

  const std::filesystem::path folder_;
  const Catalog& catalog_;
  Engine& engine_;
  std::map<std::string, std::string> digests_;  // of each file's text, by path; scan only
  std::mutex mutex_;
  std::condition_variable stop_;
  bool stopping_ = false;
  std::thread thread_;
};

/// The diagnostics of a file as the API shows them.
Json diagnostics_json(const std::vector<struct Diagnostic>& diagnostics, std::string_view source);

/// Loads one file and makes it ready for the engine; the error's message is all of its diagnostics.
Result<RegisterDag> load_for_engine(const std::filesystem::path& path, const Catalog& catalog);

}  // namespace millrace
