// Level: the tasks of one file at one use: of a DAG, or of a template that a task uses. Levels make
// a tree. Internal to this module.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "engine/core/dag.h"
#include "engine/spec/read_dag.h"
#include "engine/spec/yaml.h"

namespace millrace::spec {

struct Level;

/// One entry of `tasks`.
struct LevelTask {
  const YamlNode::Entry* entry = nullptr;
  bool uses_template = false;
  std::unique_ptr<Level> inner;  // of a use; nullptr: the template has an error
  std::vector<Located> needs;    // as written, with the setups of a teardown
  std::vector<Located> setups;   // as written
};

struct Level {
  std::string namespace_;
  std::string prefix;  // of the ids: "clean." inside of the task `clean`; "" in the file itself
  std::string template_name;       // "" in the file itself
  const Level* outer = nullptr;    // nullptr in the file itself
  const LevelTask* use = nullptr;  // in `outer`
  int depth = 0;                   // number of levels around it
  YamlNode copy;                   // of a template: the tree with its places
  const YamlNode* root = nullptr;
  std::vector<ParamSpec> inputs;  // of a template
  std::shared_ptr<const TaskSpec> defaults;
  std::vector<LevelTask> tasks;
  std::unordered_map<std::string_view, std::size_t> index;

  const LevelTask* find(std::string_view id) const {
    const auto found = index.find(id);
    return found == index.end() ? nullptr : &tasks[found->second];
  }
  const YamlNode* outputs() const {
    const auto* entry = root->find("outputs");
    return entry != nullptr && entry->value.is_mapping() ? &entry->value : nullptr;
  }
};

/// What an expansion may still cost, all uses together.
struct ExpansionBudget {
  std::size_t tasks = kMaxTasks;
  std::size_t edges = 1'000'000;
  std::size_t values = 2'000'000;
  std::size_t bytes = 32u << 20;
  bool spent = false;  // reported; the expansion ends

  /// False, and reported once at `at`: more than is left.
  bool take(std::size_t ExpansionBudget::*what, std::size_t amount, const Position& at,
            Report& report);
};

/// The tree of levels of a DAG or a template. Problems of the uses are reported.
std::unique_ptr<Level> level_of(const YamlNode& root, const TaskSpec& defaults,
                                const LocatedDag& dag, const Loading& loading,
                                ExpansionBudget& budget);
/// True if a task uses a template, or has an id with a dot, so that names in expressions change.
bool needs_expansion(const YamlNode& tasks);
bool uses_template(const YamlNode& task);
/// What an input takes if a use gives no value; nullptr: there is none.
const YamlNode* default_of_input(const Level& level, const std::string& name);
/// What the use gives; nullptr: nothing.
const YamlNode::Entry* given_to_input(const Level& level, std::string_view name);
/// As the input's type wants it: a text as written.
YamlNode typed_for_input(const ParamSpec& input, YamlNode value);

}  // namespace millrace::spec
