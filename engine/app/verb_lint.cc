// lint, schema: DAG files without an engine.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <iterator>
#include <memory>

#include "engine/app/shared_options.h"
#include "engine/app/verbs.h"
#include "engine/base/suggest.h"
#include "engine/spec/load.h"
#include "operators/catalog.h"

namespace millrace {
namespace {

std::string in_words(const std::vector<std::string>& names) {
  std::string text;
  for (const auto& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

Result<FoundFiles> files_of(const std::vector<std::string>& paths) {
  FoundFiles files;
  for (const auto& path : paths) {
    if (!std::filesystem::exists(path))
      return not_found("there is no file or folder '" + path + "'");
    if (!std::filesystem::is_directory(path)) {
      files.resources.emplace_back(path);
      continue;
    }
    MR_TRY(const auto found, find_yaml_files(path));
    std::ranges::copy(found.resources, std::back_inserter(files.resources));
    std::ranges::copy(found.others, std::back_inserter(files.others));
  }
  return files;
}

/// What was found in a file, with its text for the caret.
struct LintFinding {
  Diagnostic diagnostic;
  std::string source;
};

/// Each file with the templates of the searched folder that holds it; one that was named alone with
/// those of the folder of --dags, or of its own.
std::vector<Resource> load_files(const Options& options, const std::vector<std::string>& searched,
                                 const Catalog& catalog) {
  std::vector<Resource> loaded;
  for (const auto& path : searched) {
    if (!std::filesystem::is_directory(path)) {
      const Templates templates = templates_for(path, options.dags, catalog);
      loaded.push_back(load_resource_file(path, catalog, builtin_kinds(), templates));
      continue;
    }
    const auto found = find_yaml_files(path);
    if (!found) continue;  // reported before
    const Templates templates = Templates::read(found->templates, catalog);
    for (const auto& file : found->resources)
      loaded.push_back(load_resource_file(file, catalog, builtin_kinds(), templates));
  }
  return loaded;
}

std::vector<LintFinding> findings_of(const std::vector<Resource>& loaded, const Catalog& catalog) {
  std::vector<Diagnostic> together = check_twins(loaded);
  std::ranges::move(check_together(loaded, catalog), std::back_inserter(together));
  std::vector<LintFinding> out;
  for (const auto& file : loaded) {
    for (const auto& diagnostic : file.diagnostics) out.push_back({diagnostic, file.source});
    for (const auto& diagnostic : together)
      if (diagnostic.file == file.file) out.push_back({diagnostic, file.source});
  }
  if (loaded.empty())
    out.push_back(
        {{"", 0, 1, Diagnostic::Severity::warning, "there is no DAG file here",
          "a DAG file ends in .yaml or .yml and has a top-level key 'dag'", "no-dag-files"},
         ""});
  return out;
}

void print_expansions(const std::vector<Resource>& loaded) {
  for (const auto& file : loaded)
    if (file.uses_templates && file.dag)
      std::printf("%s: DAG '%s' has %zu tasks with those of its templates\n", file.file.c_str(),
                  file.dag->key().text().c_str(), file.dag->tasks().size());
}

Result<int> lint(const Options& options, const std::vector<std::string>& paths) {
  const auto searched = paths.empty() ? std::vector<std::string>{options.dags.string()} : paths;
  MR_TRY(const auto files, files_of(searched));
  int errors = 0, warnings = 0;
  Json all = Json::array();
  const Catalog catalog = builtin_catalog();
  const std::vector<Resource> loaded = load_files(options, searched, catalog);
  for (auto& [diagnostic, source] : findings_of(loaded, catalog)) {
    if (diagnostic.file.empty()) diagnostic.file = searched.front();
    (diagnostic.severity == Diagnostic::Severity::error ? errors : warnings) += 1;
    if (!options.json) std::fputs(render(diagnostic, source).c_str(), stdout);
    all.push_back(Json::object({{"file", diagnostic.file},
                                {"line", diagnostic.line},
                                {"column", diagnostic.column},
                                {"severity", to_string(diagnostic.severity)},
                                {"message", diagnostic.message},
                                {"hint", diagnostic.hint},
                                {"code", diagnostic.code}}));
  }
  if (options.json) {
    std::printf("%s\n", all.dump_pretty().c_str());
    return errors > 0 ? 1 : 0;
  }
  print_expansions(loaded);
  for (const auto& other : files.others)
    std::printf("%s: not checked, because no top-level key is a kind of resource (%s)\n",
                other.c_str(), in_words(names_of(builtin_kinds())).c_str());
  const std::size_t checked = files.resources.size();
  std::printf("%zu file%s, %d error%s, %d warning%s\n", checked, checked == 1 ? "" : "s", errors,
              errors == 1 ? "" : "s", warnings, warnings == 1 ? "" : "s");
  return errors > 0 ? 1 : 0;
}

}  // namespace

VerbAction declare_lint(CLI::App& verb, Options& options) {
  auto paths = std::make_shared<std::vector<std::string>>();
  verb.add_option("paths", *paths, "Files or folders; default: the folder of --dags");
  add_dags_option(verb, options);
  return [&options, paths] { return lint(options, *paths); };
}

VerbAction declare_schema(CLI::App& verb, Options&) {
  auto kind = std::make_shared<std::string>("dag");
  verb.add_option("kind", *kind, "Kind of the files: " + in_words(names_of(builtin_kinds())))
      ->capture_default_str();
  return [kind]() -> Result<int> {
    const ResourceKind* found = find_kind(builtin_kinds(), *kind);
    if (found == nullptr)
      return not_found("there is no kind '" + *kind + "'" +
                       did_you_mean(*kind, names_of(builtin_kinds())) + "; the kinds are " +
                       in_words(names_of(builtin_kinds())));
    std::printf("%s\n", found->schema(builtin_catalog()).dump_pretty().c_str());
    return 0;
  };
}

}  // namespace millrace
