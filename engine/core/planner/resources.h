// Resources: which resources other than DAGs there are, as files declare them. A part of the
// planner; pure. What a kind is good for is the business of others: here it has a name, a version
// and a file.
#pragma once

#include <compare>
#include <map>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "engine/base/json.h"
#include "engine/core/events/common.h"
#include "engine/core/events/resource_events.h"

namespace millrace {

struct ResourceKey {
  std::string kind, namespace_ = "default", name;

  auto operator<=>(const ResourceKey&) const = default;
  /// "monitor 'drift'", "monitor 'fraud/drift'"
  std::string text() const;
};

struct RegisterResource {
  ResourceKey key;
  std::string version;
  Json spec;
  std::string source;
  Origin origin;
};

/// What a watched folder holds of these kinds.
struct SyncResources {
  std::vector<RegisterResource> found;  // by source; two may declare the same
  std::set<ResourceKey> declared;       // by files with errors: they stay as they are
  std::set<ResourceKey> seen;           // by this watcher: a folder without a file retires no other
};

/// The folder itself.
struct FolderLook {
  std::string folder;
  bool complete = true;  // false: it could not be read, and retires nothing
  bool is_empty = false;
  std::set<std::string> unreadable;  // names of files that cannot even tell what they declare
  std::set<std::string> declaring_nothing = {};  // paths of files
};

/// True: a file that cannot be read may still declare it, or the file that declared it is there and
/// declares nothing now, which is an error of that file.
bool is_kept_by_its_file(const FolderLook& look, const std::string& source, std::string_view kind,
                         const std::string& what, const std::string& name,
                         std::map<std::string, Json>& errors);

struct ResourceState {
  std::string version, source;
  std::string retired;  // why; "": it is in force
};

class Resources {
 public:
  using Change = std::variant<ResourceRegistered, ResourceRetired>;

  void restore(ResourceKey key, ResourceState state);
  /// What the look at a folder changes, in force at once. A file whose resource another file
  /// declares gets an error, and so does a folder that is empty while resources are in force.
  std::vector<Change> sync(const SyncResources& input, const FolderLook& look,
                           std::map<std::string, Json>& errors);
  const std::map<ResourceKey, ResourceState>& all() const { return all_; }

 private:
  const RegisterResource& choose(const std::vector<const RegisterResource*>& twins) const;
  void add(const RegisterResource& input, std::vector<Change>& out);
  std::size_t retire_undeclared(const SyncResources& input, const FolderLook& look,
                                std::vector<Change>& out, std::map<std::string, Json>& errors);

  std::map<ResourceKey, ResourceState> all_;
};

}  // namespace millrace
