// Templates: the groups of tasks that DAG files may use, by name. A template is a file of its own;
// a task uses it with `template: NAME`. Immutable once read; thread-safe.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/op/catalog.h"
#include "engine/spec/resource.h"

namespace millrace {

namespace spec {
struct LoadedTemplate;
}

class Templates {
 public:
  /// Reads and checks the templates of these files. Of two with one name the first counts.
  static Templates read(const std::vector<std::filesystem::path>& files, const Catalog& catalog,
                        const ResourceKinds& kinds = builtin_kinds());
  struct Text {
    std::string file;  // as diagnostics call it
    std::string text;
  };
  static Templates of(std::vector<Text> texts, const Catalog& catalog,
                      const ResourceKinds& kinds = builtin_kinds());

  /// Looks in the namespace, then in `default`; nullptr: there is none.
  const spec::LoadedTemplate* find(const std::string& namespace_, const std::string& name) const;
  /// What `find` finds there.
  std::vector<std::string> names(std::string_view namespace_) const;

 private:
  void check_all(const Catalog& catalog, const ResourceKinds& kinds);

  std::map<ScopedName, std::shared_ptr<spec::LoadedTemplate>> files_;
};

/// No templates at all.
const Templates& no_templates();
/// Those that a file may use: of `folder` with its subfolders if the file is below it, otherwise of
/// the folder of the file.
Templates templates_for(const std::filesystem::path& file, const std::filesystem::path& folder,
                        const Catalog& catalog);

}  // namespace millrace
