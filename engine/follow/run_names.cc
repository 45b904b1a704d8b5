#include "engine/follow/run_names.h"

namespace millrace::follow {

std::string_view DagNames::task(int index) const {
  const auto place = static_cast<std::size_t>(index);
  return index >= 0 && place < tasks.size() ? std::string_view(tasks[place]) : std::string_view();
}

void RunNames::open(const Uuid& run, DagKey dag, std::string version) {
  const MutexLock lock(mutex_);
  open_.insert_or_assign(run, Version{std::move(dag), std::move(version)});
}

void RunNames::take(const Event& event) {
  if (const auto* created = std::get_if<RunCreated>(&event.body)) {
    open(event.run, created->dag, created->version);
  } else if (std::holds_alternative<TasksCleared>(event.body)) {
    if (const auto version = version_of(event.run))  // it had finished
      open(event.run, version->first, version->second);
  } else if (std::holds_alternative<RunFinished>(event.body)) {
    const MutexLock lock(mutex_);
    const auto found = open_.find(event.run);
    if (found == open_.end()) return;
    if (old_.size() >= kMostOld) old_.clear();
    old_.insert_or_assign(event.run, std::move(found->second));
    open_.erase(found);
  }
}

DagKey RunNames::dag_of(const Event& event) {
  if (event.run.is_nil()) return {};
  if (const auto* created = std::get_if<RunCreated>(&event.body)) return created->dag;
  const MutexLock lock(mutex_);
  const auto open = open_.find(event.run);
  if (open != open_.end()) return open->second.first;
  const auto old = old_.find(event.run);
  return old == old_.end() ? DagKey() : old->second.first;
}

Result<RunNames::Version> RunNames::version_of(const Uuid& run) {
  {
    const MutexLock lock(mutex_);
    if (const auto open = open_.find(run); open != open_.end()) return open->second;
    if (const auto old = old_.find(run); old != old_.end()) return old->second;
  }
  const auto row = runs_.run(run);
  if (!row && row.error().code != ErrorCode::not_found) return row.error();
  Version version = row ? Version{row->key(), row->version} : Version{};
  const MutexLock lock(mutex_);
  if (old_.size() >= kMostOld) old_.clear();
  old_.insert_or_assign(run, version);
  return version;
}

Result<std::shared_ptr<const DagNames>> RunNames::names_of_version(const Version& version) {
  {
    const MutexLock lock(mutex_);
    if (const auto known = by_version_.find(version); known != by_version_.end())
      return known->second;
  }
  auto names = std::make_shared<DagNames>(DagNames{version.first, version.second, {}});
  if (!version.first.empty()) {
    const auto spec = runs_.dag_version(version.first, version.second);
    if (!spec && spec.error().code != ErrorCode::not_found) return spec.error();
    if (spec)
      for (const auto& task : (*spec)["tasks"].items())
        names->tasks.push_back(task["id"].as_string());
  }
  const MutexLock lock(mutex_);
  if (by_version_.size() >= kMostVersions) by_version_.clear();
  return by_version_.insert_or_assign(version, std::move(names)).first->second;
}

Result<std::shared_ptr<const DagNames>> RunNames::of(const Uuid& run) {
  MR_TRY(const auto version, version_of(run));
  return names_of_version(version);
}

std::size_t RunNames::open_runs() const {
  const MutexLock lock(mutex_);
  return open_.size();
}

}  // namespace millrace::follow
