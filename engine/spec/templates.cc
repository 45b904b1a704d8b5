#include "engine/spec/templates.h"

#include <functional>
#include <set>

#include "engine/base/file.h"
#include "engine/spec/load.h"
#include "engine/spec/loaded_template.h"
#include "engine/spec/raw_text.h"

namespace millrace {
namespace {

using spec::LoadedTemplate;

/// The tree and the name, without a check of either.
std::shared_ptr<LoadedTemplate> parsed(Templates::Text text) {
  auto out = std::make_shared<LoadedTemplate>();
  out->file = std::move(text.file);
  out->text = std::move(text.text);
  if (out->text.starts_with("\xef\xbb\xbf")) out->text.erase(0, 3);
  out->key = {kDefaultNamespace, spec::id_in_text(out->text, "template")};
  if (auto given = spec::id_in_text(out->text, "namespace"); !given.empty())
    out->key.namespace_ = std::move(given);
  spec::Report report{out->file};
  out->root = spec::parse_yaml(out->text, report);
  if (!out->root) return out;
  out->size = spec::size_of(*out->root);
  const auto name_at = [&](std::string_view key) {
    const auto* entry = out->root->find(key);
    return entry != nullptr && entry->value.is_scalar() ? entry->value.text : std::string();
  };
  out->key.name = name_at("template");
  if (auto given = name_at("namespace"); !given.empty()) out->key.namespace_ = std::move(given);
  return out;
}

/// The first error, with its place.
std::string problem_of(const Resource& resource) {
  for (const auto& one : resource.diagnostics)
    if (one.severity == Diagnostic::Severity::error)
      return one.file +
             (one.line > 0 ? ":" + std::to_string(one.line) + ":" + std::to_string(one.column)
                           : "") +
             ": " + one.message;
  return "";
}

}  // namespace

const Templates& no_templates() {
  static const Templates none;
  return none;
}

Templates templates_for(const std::filesystem::path& file, const std::filesystem::path& folder,
                        const Catalog& catalog) {
  namespace fs = std::filesystem;
  std::error_code ignored;  // a file that is not there is reported when it is loaded
  const fs::path parent = fs::absolute(file, ignored).lexically_normal().parent_path();
  const fs::path whole = fs::absolute(folder, ignored).lexically_normal();
  const fs::path relative = parent.lexically_relative(whole);
  const bool inside = !folder.empty() && !relative.empty() && *relative.begin() != "..";
  const auto found = find_yaml_files(inside ? whole : parent);
  return found ? Templates::read(found->templates, catalog) : Templates();
}

Templates Templates::read(const std::vector<std::filesystem::path>& files, const Catalog& catalog,
                          const ResourceKinds& kinds) {
  std::vector<Text> texts;
  for (const auto& path : files)
    if (auto text = read_file(path, spec::kMaxYamlBytes))
      texts.push_back({path.string(), *std::move(text)});
  return of(std::move(texts), catalog, kinds);
}

Templates Templates::of(std::vector<Text> texts, const Catalog& catalog,
                        const ResourceKinds& kinds) {
  Templates out;
  for (auto& text : texts) {
    auto file = parsed(std::move(text));
    if (!file->key.name.empty()) out.files_.emplace(file->key, std::move(file));
  }
  out.check_all(catalog, kinds);
  return out;
}

/// Each after those that it uses. One whose check has begun belongs to a circle.
void Templates::check_all(const Catalog& catalog, const ResourceKinds& kinds) {
  std::set<const LoadedTemplate*> begun;
  std::vector<LoadedTemplate*> path;
  const std::function<void(LoadedTemplate&)> check = [&](LoadedTemplate& file) {
    if (!begun.insert(&file).second) return;
    path.push_back(&file);
    if (file.root)
      for (const auto& name : spec::templates_used_in(*file.root))
        if (const auto* used = find(file.key.namespace_, name)) check(*files_.at(used->key));
    std::string circle;  // from the one at hand down to this file
    for (auto one = path.rbegin(); one != path.rend(); ++one) {
      circle = (*one)->key.text() + (circle.empty() ? "" : " -> ") + circle;
      (*one)->circle = circle + " -> " + (*one)->key.text();
    }
    file.problem = problem_of(load_resource(file.text, file.file, catalog, kinds, *this));
    for (LoadedTemplate* one : path) one->circle.clear();
    path.pop_back();
  };
  for (const auto& [key, file] : files_) check(*file);
}

const LoadedTemplate* Templates::find(const std::string& namespace_,
                                      const std::string& name) const {
  auto found = files_.find(ScopedName(namespace_, name));
  if (found == files_.end()) found = files_.find(ScopedName(kDefaultNamespace, name));
  return found == files_.end() ? nullptr : found->second.get();
}

std::vector<std::string> Templates::names(std::string_view namespace_) const {
  std::vector<std::string> out;
  for (const auto& [key, file] : files_)
    if (key.namespace_ == namespace_ || key.namespace_ == kDefaultNamespace)
      out.push_back(key.name);
  return out;
}

}  // namespace millrace
