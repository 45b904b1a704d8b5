// Every YAML example of every page is one that the program takes, without an error or a warning.
//
// A block with a top-level `dag:` or `template:` is a whole file. An indented block is part of
// `tasks:`; tasks that it reads but does not declare are added as programs, whose outputs may have
// any name. Any other block is a part of a DAG file's top level.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <regex>
#include <set>
#include <sstream>

#include "engine/base/file.h"
#include "engine/spec/load.h"
#include "operators/catalog.h"

namespace millrace {
namespace {

namespace fs = std::filesystem;

struct Example {
  std::string place;  // "docs/dags.md:12"
  std::string text;
};

std::vector<fs::path> pages() {
  const fs::path root = MILLRACE_SOURCE_DIR;
  std::vector<fs::path> found{root / "README.md", root / "CONTRIBUTING.md"};
  for (const auto& entry : fs::recursive_directory_iterator(root / "docs"))
    if (entry.path().extension() == ".md") found.push_back(entry.path());
  std::ranges::sort(found);
  return found;
}

std::vector<Example> examples_of(const fs::path& page) {
  std::vector<Example> found;
  std::istringstream lines(read_file(page, 4u << 20).value_or(""));
  const std::string name = fs::relative(page, MILLRACE_SOURCE_DIR).string();
  bool inside = false;
  int number = 0;
  for (std::string line; std::getline(lines, line);) {
    ++number;
    if (inside && line.starts_with("```"))
      inside = false;
    else if (inside)
      found.back().text += line + "\n";
    else if (line == "```yaml") {
      inside = true;
      found.push_back({name + ":" + std::to_string(number + 1), ""});
    }
  }
  return found;
}

bool has_line(const std::string& text, const std::string& pattern) {
  return std::regex_search(text, std::regex("(^|\n)" + pattern));
}

constexpr const char* kOutcomes = MILLRACE_SOURCE_DIR "/examples/nightly/nightly.outcomes.yaml";

/// Tasks that the example reads and does not declare.
std::set<std::string> missing_tasks(const std::string& tasks) {
  static const std::regex kRead(R"(tasks\.([A-Za-z_][A-Za-z0-9_-]*))");
  std::set<std::string> missing;
  for (std::sregex_iterator at(tasks.begin(), tasks.end(), kRead), end; at != end; ++at)
    if (!has_line(tasks, "  " + (*at)[1].str() + ":")) missing.insert((*at)[1].str());
  return missing;
}

/// The example as the value of `key` of a task that validates a table.
std::string as_validation(const std::string& key, const std::string& example) {
  std::string file =
      "dag: example\ntasks:\n  ingest: {operator: command, with: {argv: [\"true\"]}}\n"
      "  validate:\n    needs: ingest\n    operator: validate\n    with:\n"
      "      input: \"${{ tasks.ingest.outputs.table }}\"\n      " +
      key + ":\n";
  std::istringstream lines(example);
  for (std::string line; std::getline(lines, line);) file += "        " + line + "\n";
  return file;
}

std::string whole_file(const std::string& example) {
  if (has_line(example, "dag:") || has_line(example, "template:")) return example;
  if (has_line(example, "columns:")) return as_validation("contract", example);
  if (example.starts_with("- type:")) return as_validation("expectations", example);
  if (!example.starts_with(' '))
    return "dag: example\n" + example +
           (has_line(example, "tasks:") ? "" : "tasks: {only: {operator: noop}}\n");
  std::string file = "dag: example\ntasks:\n" + example;
  for (const auto& task : missing_tasks(example))
    file += "  " + task + ": {operator: command, with: {argv: [\"true\"]}}\n";
  return file;
}

/// The templates of a page, for the DAGs on it.
Templates templates_of(const std::vector<Example>& examples, const Catalog& catalog) {
  std::vector<Templates::Text> texts;
  for (const auto& example : examples)
    if (has_line(example.text, "template:")) texts.push_back({example.place, example.text});
  return Templates::of(std::move(texts), catalog);
}

TEST(Pages, EveryYamlExampleIsAcceptedByLint) {
  const Catalog catalog = builtin_catalog();
  std::size_t count = 0;
  for (const auto& page : pages()) {
    const auto examples = examples_of(page);
    const Templates templates = templates_of(examples, catalog);
    for (const auto& example : examples) {
      ++count;
      if (has_line(example.text, "outcomes:")) {  // no DAG; tests of rehearsals play the file
        EXPECT_EQ(read_file(kOutcomes, 1 << 20).value_or(""), example.text) << example.place;
        continue;
      }
      const LoadedDag loaded =
          load_dag(whole_file(example.text), example.place, catalog, templates);
      for (const auto& diagnostic : loaded.diagnostics)
        ADD_FAILURE() << example.place << "\n" << render(diagnostic, loaded.source);
    }
  }
  EXPECT_GE(count, catalog.names().size() + 1) << "README and each operator have an example";
}

}  // namespace
}  // namespace millrace
