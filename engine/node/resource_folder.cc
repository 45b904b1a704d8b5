#include "engine/node/resource_folder.h"

#include <poll.h>
#include <sys/inotify.h>
#include <unistd.h>

#include <algorithm>
#include <array>

#include "engine/base/digest.h"
#include "engine/base/log.h"
#include "engine/base/unique_fd.h"

namespace millrace {
namespace {

constexpr std::uint32_t kFileChanges = IN_CLOSE_WRITE | IN_MOVED_TO | IN_DELETE | IN_MOVED_FROM;

ResourceKey key_of(const DagKey& dag) { return {"dag", dag.namespace_, dag.name}; }

ResourceKey key_of(const Resource& resource) {
  return {resource.kind, resource.namespace_, resource.name};
}

void insert_into(const ResourceKey& key, std::set<DagKey>& dags, std::set<ResourceKey>& others) {
  key.kind == "dag" ? static_cast<void>(dags.insert({key.namespace_, key.name}))
                    : static_cast<void>(others.insert(key));
}

/// The DAG of a file, ready for the engine.
RegisterDag registration(const Resource& resource) {
  const auto absolute = std::filesystem::absolute(resource.file).lexically_normal();
  return {resource.dag,
          absolute.string(),
          absolute.parent_path().string(),
          {"file", absolute.filename().string()}};
}

RegisterResource other_registration(const Resource& resource) {
  const std::string absolute = std::filesystem::absolute(resource.file).lexically_normal().string();
  return {key_of(resource),
          resource.version,
          resource.spec,
          absolute,
          {"file", std::filesystem::path(absolute).filename().string()}};
}

}  // namespace

Result<RegisterDag> load_for_engine(const std::filesystem::path& path, const Catalog& catalog,
                                    const std::filesystem::path& folder) {
  const Templates templates = templates_for(path, folder, catalog);
  const Resource loaded = load_resource_file(path, catalog, builtin_kinds(), templates);
  if (!loaded.ok()) {
    std::string all;
    for (const auto& diagnostic : loaded.diagnostics) all += render(diagnostic, loaded.source);
    return invalid_argument(all);
  }
  if (!loaded.dag)
    return invalid_argument("'" + path.string() + "' declares the " + loaded.kind + " '" +
                            loaded.name + "'; only a DAG can run");
  return registration(loaded);
}

ResourceFolder::ResourceFolder(ResourceFolderParts parts)
    : parts_{std::filesystem::absolute(std::move(parts.folder)).lexically_normal(), parts.catalog,
             std::move(parts.put), parts.kinds} {}

void ResourceFolder::start() {
  scan(std::chrono::steady_clock::now());
  service_.fd();
  service_.start([this] { watch(); });
}

void ResourceFolder::stop() { service_.stop(); }

bool ResourceFolder::scan(SteadyTime now) {
  const auto files = find_yaml_files(parts_.folder, parts_.kinds);
  SyncDags folder;
  if (files) {
    reload(*files);
    folder = contents();
    for (const auto& path : files->others) folder.declaring_nothing.insert(path.string());
  } else {  // what was read before stays as it is
    folder = contents();
    folder.complete = false;
    folder.errors[parts_.folder.string()] = diagnostics_json(
        {{parts_.folder.string(), 0, 1, Diagnostic::Severity::error, files.error().message,
          "name the folder of the DAG files with --dags", "unreadable-folder"}},
        "");
  }
  const bool soon = keep_missing(folder, now);
  std::string in_short = files ? "" : files.error().message;
  for (const auto& [path, file] : files_)
    in_short += path + ' ' + file.digest_with(templates_digest_) + '\n';
  for (const auto& path : folder.declaring_nothing) in_short += path + '\n';
  for (const auto& id : folder.declared) in_short += id.text() + '\n';
  for (const auto& key : folder.others.declared) in_short += key.text() + '\n';
  if (handed_over_ == in_short) return soon;
  handed_over_ = std::move(in_short);
  if (!files)
    log::error("the DAG folder cannot be read; its DAGs stay as they are",
               {{"folder", parts_.folder.string()}, {"error", files.error().message}});
  else if (files->resources.empty())
    log::warning(
        "no file in the DAG folder declares a DAG",
        {{"folder", parts_.folder.string()}, {"yaml_files", std::to_string(files->others.size())}});
  parts_.put(std::move(folder));
  return soon;
}

/// True: they have changed.
bool ResourceFolder::reload_templates(const std::vector<std::filesystem::path>& paths) {
  std::string digest;
  for (const auto& path : paths)
    digest += path.string() + ' ' + sha256_file(path).value_or("unreadable") + '\n';
  digest = sha256_hex(digest);
  if (digest == templates_digest_) return false;
  templates_digest_ = std::move(digest);
  templates_ = Templates::read(paths, parts_.catalog, parts_.kinds);
  return true;
}

void ResourceFolder::reload(const FoundFiles& found) {
  const bool changed = reload_templates(found.templates);
  std::map<std::string, File> files;
  for (const auto& path : found.resources) {
    const std::string digest = sha256_file(path).value_or("unreadable");
    const auto before = files_.find(path.string());
    if (before != files_.end() && before->second.digest == digest &&
        !(changed && before->second.resource.uses_templates)) {
      files.emplace(path.string(), std::move(before->second));
      continue;
    }
    File file{digest, load_resource_file(path, parts_.catalog, parts_.kinds, templates_)};
    for (const auto& diagnostic : file.resource.diagnostics) log::warning(to_string(diagnostic));
    if (!file.resource.name.empty()) seen_.insert(key_of(file.resource));
    files.emplace(path.string(), std::move(file));
  }
  files_ = std::move(files);
}

/// All of it, as the planner wants it.
SyncDags ResourceFolder::contents() const {
  SyncDags folder;
  folder.folder = parts_.folder.string();
  for (const auto& key : seen_) insert_into(key, folder.seen, folder.others.seen);
  std::vector<Resource> all;
  for (const auto& [path, file] : files_) all.push_back(file.resource);
  std::map<std::string, std::vector<Diagnostic>> together;
  for (auto& found : check_together(all, parts_.catalog, parts_.kinds))
    together[found.file].push_back(found);
  for (const auto& [path, file] : files_) {
    const Resource& resource = file.resource;
    std::vector<Diagnostic> diagnostics = resource.diagnostics;
    const std::vector<Diagnostic>& more = together[path];
    diagnostics.insert(diagnostics.end(), more.begin(), more.end());
    const bool fits = !has_errors(more);
    if (!diagnostics.empty()) folder.errors[path] = diagnostics_json(diagnostics, resource.source);
    if (resource.dag && fits)
      folder.dags.push_back(registration(resource));
    else if (resource.ok() && !resource.dag && fits)
      folder.others.found.push_back(other_registration(resource));
    else if (!resource.name.empty())
      insert_into(key_of(resource), folder.declared, folder.others.declared);
    else
      folder.unreadable.insert(std::filesystem::path(path).filename().string());
  }
  return folder;
}

/// A file that is replaced or renamed is gone for a moment: a resource counts as declared until it
/// has been missing for a while.
bool ResourceFolder::keep_missing(SyncDags& folder, SteadyTime now) {
  constexpr std::chrono::milliseconds kPatience{800};
  std::set<ResourceKey> present = folder.others.declared;
  for (const auto& id : folder.declared) present.insert(key_of(id));
  for (const auto& dag : folder.dags) present.insert(key_of(dag.dag->key()));
  for (const auto& resource : folder.others.found) present.insert(resource.key);
  for (const auto& key : declared_) {
    if (present.contains(key)) {
      missing_.erase(key);
      continue;
    }
    const auto since = missing_.emplace(key, now).first->second;
    if (now - since < kPatience)
      insert_into(key, folder.declared, folder.others.declared);
    else
      missing_.erase(key);
  }
  declared_ = std::move(present);
  for (const auto& [key, since] : missing_) declared_.insert(key);
  return !missing_.empty();
}

/// Those that hold a file. One that is followed already stays so.
void ResourceFolder::follow_subfolders(int changes) const {
  std::set<std::string> folders;
  for (const auto& [path, file] : files_)
    folders.insert(std::filesystem::path(path).parent_path().string());
  for (const auto& folder : folders)
    if (changes >= 0) inotify_add_watch(changes, folder.c_str(), kFileChanges);
}

/// inotify tells of a change at once; the slow scan finds what it missed (network folders, new
/// subfolders).
void ResourceFolder::watch() {
  constexpr std::chrono::milliseconds kUsual{5'000}, kSoon{1'000};
  const UniqueFd changes(inotify_init1(IN_CLOEXEC | IN_NONBLOCK));
  if (changes) inotify_add_watch(changes.get(), parts_.folder.c_str(), kFileChanges);
  follow_subfolders(changes.get());
  bool soon = false;
  auto last_scan = std::chrono::steady_clock::now();
  while (!service_.stopping()) {
    // One that is -1 is passed over.
    std::array<pollfd, 2> events = {{{changes.get(), POLLIN, 0}, {service_.fd(), POLLIN, 0}}};
    poll(events.data(), events.size(), 200);
    const bool told = events[0].revents != 0;
    char ignored[4096];
    while (told && read(changes.get(), ignored, sizeof ignored) > 0) continue;
    const auto now = std::chrono::steady_clock::now();
    if (!told && now - last_scan <= (soon ? kSoon : kUsual)) continue;
    soon = scan(now);
    follow_subfolders(changes.get());
    last_scan = std::chrono::steady_clock::now();
  }
}

}  // namespace millrace
