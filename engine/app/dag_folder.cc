#include "engine/app/dag_folder.h"

#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <sstream>

#include "engine/base/digest.h"
#include "engine/base/log.h"
#include "engine/spec/load.h"

namespace millrace {
namespace {

std::string line_of(std::string_view source, int number) {
  std::istringstream in{std::string(source)};
  std::string line;
  for (int i = 0; i < number && std::getline(in, line); ++i) continue;
  return line;
}

}  // namespace

Json diagnostics_json(const std::vector<Diagnostic>& diagnostics, std::string_view source) {
  Json out = Json::array();
  for (const auto& d : diagnostics)
    out.push_back(Json::object({{"file", d.file},
                                {"line", d.line},
                                {"column", d.column},
                                {"severity", to_string(d.severity)},
                                {"message", d.message},
                                {"hint", d.hint},
                                {"code", d.code},
                                {"source", line_of(source, d.line)}}));
  return out;
}

Result<RegisterDag> load_for_engine(const std::filesystem::path& path, const Catalog& catalog) {
  const LoadedDag loaded = load_dag_file(path, catalog);
  if (!loaded.spec) {
    std::string all;
    for (const auto& diagnostic : loaded.diagnostics) all += render(diagnostic, loaded.source);
    return invalid_argument(all);
  }
  MR_TRY(Dag dag, Dag::make(*loaded.spec));
  const auto absolute = std::filesystem::absolute(path).lexically_normal();
  return RegisterDag{std::make_shared<const Dag>(std::move(dag)),
                     absolute.string(),
                     absolute.parent_path().string(),
                     {"file", path.filename().string()}};
}

DagFolder::DagFolder(std::filesystem::path folder, const Catalog& catalog, Engine& engine)
    : folder_(std::move(folder)), catalog_(catalog), engine_(engine) {}

void DagFolder::start() {
  scan();
  thread_ = std::thread([this] { watch(); });
}

void DagFolder::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  stop_.notify_all();
  if (thread_.joinable()) thread_.join();
}

int DagFolder::scan() {
  const auto files = find_dag_files(folder_);
  if (!files) {
    log::warning("no DAG files", {{"folder", folder_.string()}, {"error", files.error().message}});
    return 0;
  }
  int changed = 0;
  std::map<std::string, std::string> digests;
  for (const auto& path : *files) {
    const std::string digest = sha256_file(path).value_or("unreadable");
    const auto before = digests_.find(path.string());
    if (before == digests_.end() || before->second != digest) {
      load(path);
      ++changed;
    }
    digests.emplace(path.string(), digest);
  }
  for (const auto& [path, digest] : digests_)
    if (!digests.contains(path))
      engine_.put_dag_file({std::filesystem::absolute(path).string(), Json::array()});
  digests_ = std::move(digests);
  return changed;
}

void DagFolder::load(const std::filesystem::path& path) {
  const LoadedDag loaded = load_dag_file(path, catalog_);
  const std::string source = std::filesystem::absolute(path).lexically_normal().string();
  engine_.put_dag_file({source, diagnostics_json(loaded.diagnostics, loaded.source)});
  for (const auto& diagnostic : loaded.diagnostics) log::warning(to_string(diagnostic));
  if (!loaded.spec) return;
  auto ready = load_for_engine(path, catalog_);
  if (ready) engine_.put_dag(*std::move(ready));
}

/// inotify tells of a change at once; the slow scan finds what it missed (network folders, new
/// subfolders).
void DagFolder::watch() {
  const int fd = inotify_init1(IN_CLOEXEC | IN_NONBLOCK);
  if (fd >= 0)
    inotify_add_watch(fd, folder_.c_str(),
                      IN_CLOSE_WRITE | IN_MOVED_TO | IN_DELETE | IN_MOVED_FROM);
  auto last_scan = std::chrono::steady_clock::now();
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    lock.unlock();
    pollfd waiting{fd, POLLIN, 0};
    const bool told = fd >= 0 && poll(&waiting, 1, 200) > 0;
    char ignored[4096];
    while (fd >= 0 && read(fd, ignored, sizeof ignored) > 0) continue;
    if (told || std::chrono::steady_clock::now() - last_scan > std::chrono::seconds{5}) {
      scan();
      last_scan = std::chrono::steady_clock::now();
    }
    lock.lock();
    if (fd < 0) stop_.wait_for(lock, std::chrono::seconds{1}, [this] { return stopping_; });
  }
  if (fd >= 0) close(fd);
}

}  // namespace millrace
