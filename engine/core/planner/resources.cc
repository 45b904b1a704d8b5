#include "engine/core/planner/resources.h"

#include <algorithm>
#include <utility>

#include "engine/core/planner/file_report.h"

namespace millrace {

std::string ResourceKey::text() const {
  return kind + " '" + (namespace_ == "default" ? "" : namespace_ + "/") + name + "'";
}

bool is_kept_by_its_file(const FolderLook& look, const std::string& source, std::string_view kind,
                         const std::string& what, const std::string& name,
                         std::map<std::string, Json>& errors) {
  if (look.unreadable.contains(file_name(source))) return true;
  if (!look.declaring_nothing.contains(source)) return false;
  errors.emplace(source, emptied_error(kind, what, name, source));
  return true;
}

void Resources::restore(ResourceKey key, ResourceState state) {
  all_.insert_or_assign(std::move(key), std::move(state));
}

std::vector<Resources::Change> Resources::sync(const SyncResources& input, const FolderLook& look,
                                               std::map<std::string, Json>& errors) {
  std::vector<Change> out;
  std::map<ResourceKey, std::vector<const RegisterResource*>> by_key;
  for (const auto& one : input.found) by_key[one.key].push_back(&one);
  for (const auto& [key, twins] : by_key) {
    const RegisterResource& chosen = choose(twins);
    for (const RegisterResource* twin : twins)
      if (twin != &chosen)
        errors[twin->source] = twin_error(key.kind, key.text(), chosen.source, twin->source);
    add(chosen, out);
  }
  if (!look.complete) return out;
  if (const std::size_t kept = retire_undeclared(input, look, out, errors); kept > 0)
    errors.try_emplace(look.folder,
                       file_error(look.folder, "no-resource-files",
                                  "the folder holds no file that declares something; " +
                                      std::to_string(kept) + " resources stay in force without one",
                                  "name the folder of these files with --dags"));
  return out;
}

/// As of DAGs: the one whose path ends most like that of the text in force; otherwise one with that
/// text; otherwise the first by its path.
const RegisterResource& Resources::choose(const std::vector<const RegisterResource*>& twins) const {
  const auto known = all_.find(twins.front()->key);
  if (known == all_.end()) return *twins.front();
  const auto likeness = [&](const RegisterResource* twin) {
    return std::pair(common_names(twin->source, known->second.source),
                     twin->version == known->second.version);
  };
  return **std::ranges::max_element(twins, {}, likeness);
}

void Resources::add(const RegisterResource& input, std::vector<Change>& out) {
  ResourceState& state = all_[input.key];
  if (state.version == input.version && state.source == input.source && state.retired.empty())
    return;
  state = {input.version, input.source, ""};
  out.emplace_back(ResourceRegistered{input.key.kind, input.key.namespace_, input.key.name,
                                      input.version, input.spec, input.source, input.origin});
}

/// How many stay although no file declares them, since the folder is empty.
std::size_t Resources::retire_undeclared(const SyncResources& input, const FolderLook& look,
                                         std::vector<Change>& out,
                                         std::map<std::string, Json>& errors) {
  std::set<ResourceKey> declared = input.declared;
  for (const auto& one : input.found) declared.insert(one.key);
  std::size_t kept = 0;
  for (auto& [key, state] : all_) {
    if (!state.retired.empty() || declared.contains(key)) continue;
    if (is_kept_by_its_file(look, state.source, key.kind, key.text(), key.name, errors)) continue;
    if (look.is_empty && !input.seen.contains(key)) {
      ++kept;
      continue;
    }
    state.retired = "no file in " + look.folder + " declares it";
    out.emplace_back(ResourceRetired{key.kind, key.namespace_, key.name, state.retired,
                                     Origin{"file", look.folder}});
  }
  return kept;
}

}  // namespace millrace
