// init: a new project from a template.
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <utility>

#include "engine/app/project_template.h"
#include "engine/app/show.h"
#include "engine/app/verbs.h"
#include "engine/app/word_check.h"
#include "engine/base/file.h"
#include "engine/spec/load.h"
#include "operators/catalog.h"

namespace millrace {
namespace {

namespace fs = std::filesystem;

struct InitWords {
  std::string folder, from = "minimal";
};

struct NewFile {
  std::string path;  // in the project
  std::string text;
};

const ProjectTemplate& template_named(std::string_view name) {
  return *std::ranges::find(project_templates(), name, &ProjectTemplate::name);
}

/// Those of the template, the schema to which DAG files refer, and what git leaves out, unless the
/// folder says that already.
std::vector<NewFile> files_of(const ProjectTemplate& from, const fs::path& folder) {
  std::vector<NewFile> files;
  for (const auto& file : from.files)
    files.push_back({std::string(file.path), std::string(file.text)});
  files.push_back(
      {"dags/dag.schema.json",
       find_kind(builtin_kinds(), "dag")->schema(builtin_catalog()).dump_pretty() + "\n"});
  if (!fs::exists(fs::symlink_status(folder / ".gitignore")))
    files.push_back({".gitignore", ".millrace/\n"});
  return files;
}

/// Nothing that exists is changed, not even when another file could be written.
Status refuse_existing(const fs::path& folder, const std::vector<NewFile>& files) {
  if (fs::exists(fs::symlink_status(folder)) && !fs::is_directory(folder))
    return conflict("'" + folder.string() + "' exists and is no folder");
  std::string existing;
  for (const auto& file : files)
    if (fs::exists(fs::symlink_status(folder / file.path)))
      existing += (existing.empty() ? "" : ", ") + (folder / file.path).string();
  if (existing.empty()) return {};
  return conflict("nothing was written, because there is already " + existing +
                  "; name another folder");
}

std::string shell_word(const std::string& word) {
  constexpr std::string_view kPlain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./-+@%:,";
  if (word.find_first_not_of(kPlain) == word.npos && !word.starts_with('-')) return word;
  std::string out = "'";
  for (const char c : word) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return (word.starts_with('-') ? "-- " : "") + out + "'";
}

Result<int> init(const Options& options, const InitWords& words) {
  const fs::path folder = words.folder;
  const ProjectTemplate& from = template_named(words.from);
  const auto files = files_of(from, folder);
  MR_CHECK(refuse_existing(folder, files));
  for (const auto& file : files) {
    fs::create_directories((folder / file.path).parent_path());
    MR_CHECK(write_file_atomic(folder / file.path, file.text));
  }
  if (options.json) {
    Json paths = Json::array();
    for (const auto& file : files) paths.push_back(file.path);
    return print_json(Json::object(
        {{"folder", folder.string()}, {"template", from.name}, {"files", std::move(paths)}}));
  }
  std::printf("%s, from the template '%s':\n", folder.c_str(), words.from.c_str());
  for (const auto& file : files) std::printf("  %s\n", file.path.c_str());
  std::printf("\nNext:\n  cd %s\n", shell_word(words.folder).c_str());
  const std::pair<std::string, const char*> commands[] = {
      {"millrace lint", "checks the DAG files"},
      {"millrace run " + std::string(from.dag_file), "runs the DAG once"},
      {"millrace up", "starts the engine and the dashboard, until Ctrl-C"}};
  for (const auto& [command, meaning] : commands)
    std::printf("  %-31s # %s\n", command.c_str(), meaning);
  return 0;
}

}  // namespace

VerbAction declare_init(CLI::App& verb, Options& options) {
  auto words = std::make_shared<InitWords>();
  std::vector<std::string> names;
  for (const auto& each : project_templates()) names.emplace_back(each.name);
  verb.add_option("folder", words->folder, "The folder of the new project")
      ->required()
      ->check(not_empty());
  verb.add_option("--template", words->from, "minimal, python or ml")
      ->check(CLI::IsMember(names))
      ->capture_default_str();
  return [&options, words] { return init(options, *words); };
}

}  // namespace millrace
