#include "engine/spec/template_level.h"

#include <algorithm>

#include "engine/core/depends.h"
#include "engine/op/param.h"
#include "engine/spec/loaded_template.h"

namespace millrace::spec {
namespace {

constexpr int kMaxDepth = 8;

/// Marks all places of a copied tree as those of a template.
void move_to_text(YamlNode& node, int text) {
  node.at.text = text;
  for (auto& item : node.items) move_to_text(item, text);
  for (auto& entry : node.entries) {
    entry.key_at.text = text;
    move_to_text(entry.value, text);
  }
}

/// "": `value`, given to an input, is not a constant, or fits; otherwise what is wrong.
std::string misfit_of_input(const ParamSpec& input, const YamlNode& value) {
  Report ignored("");
  const Json json = to_json(typed_for_input(input, value), ignored);
  return has_expression(json) ? "" : misfit(input, "input", json);
}

class LevelBuilder {
 public:
  LevelBuilder(const Loading& loading, ExpansionBudget& budget)
      : loading_(loading), report_(loading.report), budget_(budget) {}

  void fill(Level& level) {
    const auto* tasks = level.root->find("tasks");
    if (tasks == nullptr || !tasks->value.is_mapping()) return;
    level.tasks.reserve(tasks->value.entries.size());
    for (const auto& entry : tasks->value.entries) {
      if (budget_.spent) return;
      level.index.emplace(entry.key, level.tasks.size());
      LevelTask& task = level.tasks.emplace_back();
      task.entry = &entry;
      read_order(level, task);
      task.uses_template = uses_template(entry.value);
      if (task.uses_template)
        task.inner = inner_level(level, task);
      else
        budget_.take(&ExpansionBudget::tasks, 1, entry.key_at, report_);
    }
  }

 private:
  /// What is wrong is reported when the task is read.
  static void read_order(const Level& level, LevelTask& task) {
    Report ignored("");
    const YamlNode& node = task.entry->value;
    const auto* needs = node.find("needs");
    const bool has_needs = needs != nullptr && !needs->value.is_null();
    if (has_needs) task.needs = read_names(needs->value, "needs", ignored);
    if (const auto* depends = node.find("depends")) add_depended(level, depends->value, task);
    const auto* teardown = node.find("teardown");
    const YamlNode* setups = teardown ? setups_of(teardown->value) : nullptr;
    if (setups == nullptr || setups->is_null()) return;
    task.setups = read_names(*setups, "setups", ignored);
    if (has_needs && task.needs.empty()) return;  // they are no list of names
    task.needs.insert(task.needs.end(), task.setups.begin(), task.setups.end());
  }

  /// The tasks that `depends` names; the level need not be complete yet.
  static void add_depended(const Level& level, const YamlNode& node, LevelTask& task) {
    if (!node.is_string()) return;
    const auto depends = Depends::parse(node.text);
    if (!depends) return;
    for (const Depends::Term& term : depends->terms()) {
      const bool whole = level.root->find("tasks")->value.find(term.name) != nullptr;
      task.needs.push_back(
          {whole ? term.name : term.name.substr(0, term.name.rfind('.')), node.at});
    }
  }

  std::unique_ptr<Level> inner_level(const Level& outer, const LevelTask& use) {
    const YamlNode::Entry& entry = *use.entry;
    const std::size_t errors = report_.errors();
    check_use(entry);
    const LoadedTemplate* file = find_template(outer, entry);
    if (file == nullptr) return nullptr;
    if (!budget_.take(&ExpansionBudget::values, file->size.values, entry.key_at, report_) ||
        !budget_.take(&ExpansionBudget::bytes, file->size.bytes, entry.key_at, report_))
      return nullptr;
    auto level = std::make_unique<Level>();
    level->namespace_ = file->key.namespace_;
    level->prefix = outer.prefix + entry.key + ".";
    level->template_name = file->key.name;
    level->outer = &outer;
    level->use = &use;
    level->depth = outer.depth + 1;
    level->copy = *file->root;
    move_to_text(level->copy, report_.add_template({file->file, file->text, entry.key_at}));
    level->root = &level->copy;
    read_declarations(*level, *outer.defaults);
    check_given(*level, entry);
    if (report_.errors() == errors) fill(*level);
    return report_.errors() == errors ? std::move(level) : nullptr;
  }

  void check_use(const YamlNode::Entry& entry) {
    const std::string what = "task " + quote(entry.key);
    if (!is_valid_id(entry.key)) checked_id(entry.key, "task", entry.key_at, report_);
    const auto known = names_of(task_fields());
    for (const auto& one : entry.value.entries) {
      if (std::ranges::find(use_fields(), one.key, &Field::name) != use_fields().end()) continue;
      if (one.key == "operator")
        report_.error(one.key_at, "two-kinds", what + " has an operator and a template",
                      "remove one of the two");
      else if (std::ranges::find(known, one.key) != known.end())
        report_.error(one.key_at, "unknown-key",
                      quote(one.key) + " cannot be set where a template is used",
                      "set it for the tasks of the template, in its file");
      else
        report_.error(one.key_at, "unknown-key", "unknown key " + quote(one.key) + " in " + what,
                      report_.suggest(one.key, names_of(use_fields())));
    }
    if (const auto* doc = entry.value.find("doc")) read_string(doc->value, "doc", report_);
  }

  /// nullptr, with the reason reported: it cannot be used.
  const LoadedTemplate* find_template(const Level& outer, const YamlNode::Entry& entry) {
    const YamlNode& node = entry.value.find("template")->value;
    const auto name = read_name(node, "template", report_);
    if (!name) return nullptr;
    const LoadedTemplate* file = loading_.templates.find(outer.namespace_, *name);
    if (file == nullptr) {
      const auto known = loading_.templates.names(outer.namespace_);
      std::string hint = report_.suggest(*name, known);
      if (hint.empty())
        hint = known.empty()
                   ? "no file of the folder declares a template: write 'template: " + *name +
                         "' in a file of its own"
                   : "there are " + listed(known);
      report_.error(node.at, "unknown-template", "there is no template " + quote(*name), hint);
      return nullptr;
    }
    if (!file->circle.empty()) {
      report_.error(node.at, "template-circle",
                    "the templates use one another in a circle: " + file->circle,
                    "take one of these uses away");
      return nullptr;
    }
    if (!file->problem.empty()) {
      report_.error(node.at, "template-error",
                    "template " + quote(*name) + " has an error: " + file->problem);
      return nullptr;
    }
    if (outer.depth < kMaxDepth) return file;
    report_.error(node.at, "too-deep",
                  "templates are nested deeper than " + std::to_string(kMaxDepth) + " levels");
    return nullptr;
  }

  void read_declarations(Level& level, const TaskSpec& outer_defaults) {
    Report ignored("");  // the template has been checked
    if (const auto* inputs = level.root->find("inputs"))
      level.inputs = read_params(inputs->value, "input", ignored);
    TaskSpec defaults = outer_defaults;
    if (const auto* entry = level.root->find("defaults"))
      read_limits(entry->value, defaults, {loading_.catalog, ignored, loading_.templates});
    level.defaults = std::make_shared<const TaskSpec>(std::move(defaults));
  }

  void check_given(const Level& level, const YamlNode::Entry& use) {
    const auto* with = use.value.find("with");
    if (with != nullptr && !with->value.is_mapping() && !with->value.is_null())
      return report_.error(
          with->value.at, "wrong-type",
          "with must be a mapping of inputs, but it is " + std::string(with->value.type_name()));
    std::vector<std::string> known;
    for (const auto& input : level.inputs) known.push_back(input.name);
    if (with != nullptr)
      for (const auto& entry : with->value.entries) check_value(level, entry, known);
    for (const auto& input : level.inputs)
      if (given_to_input(level, input.name) == nullptr && !input.schema.contains("default"))
        report_.error(use.key_at, "missing-input",
                      "template " + quote(level.template_name) + " needs a value for the input " +
                          quote(input.name),
                      "write it in `with`");
  }

  void check_value(const Level& level, const YamlNode::Entry& entry,
                   const std::vector<std::string>& known) {
    const auto input = std::ranges::find(level.inputs, entry.key, &ParamSpec::name);
    if (input == level.inputs.end()) {
      std::string hint = report_.suggest(entry.key, known);
      if (hint.empty()) hint = known.empty() ? "it has no inputs" : "there are " + listed(known);
      return report_.error(
          entry.key_at, "unknown-input",
          "template " + quote(level.template_name) + " has no input " + quote(entry.key), hint);
    }
    const std::string problem = misfit_of_input(*input, entry.value);
    if (!problem.empty()) report_.error(entry.value.at, "bad-input", problem);
  }

  const Loading& loading_;
  Report& report_;
  ExpansionBudget& budget_;
};

}  // namespace

bool ExpansionBudget::take(std::size_t ExpansionBudget::*what, std::size_t amount,
                           const Position& at, Report& report) {
  if (amount <= this->*what) {
    this->*what -= amount;
    return true;
  }
  if (spent) return false;
  spent = true;
  const std::string most = what == &ExpansionBudget::tasks ? "10000 tasks"
                           : what == &ExpansionBudget::edges
                               ? "1000000 pairs of a task and one that it needs"
                               : "2000000 values and 32 MiB";
  report.error(at, "too-many-values", "with its templates the file has more than " + most,
               what == &ExpansionBudget::edges ? "put a task with the operator noop between them"
                                               : "`foreach` makes many instances of one task");
  return false;
}

std::unique_ptr<Level> level_of(const YamlNode& root, const TaskSpec& defaults,
                                const LocatedDag& dag, const Loading& loading,
                                ExpansionBudget& budget) {
  auto level = std::make_unique<Level>();
  level->namespace_ = dag.spec.namespace_;
  level->root = &root;
  level->defaults = std::make_shared<const TaskSpec>(defaults);
  LevelBuilder(loading, budget).fill(*level);
  return level;
}

bool uses_template(const YamlNode& task) { return task.find("template") != nullptr; }

bool needs_expansion(const YamlNode& tasks) {
  return std::ranges::any_of(tasks.entries, [](const YamlNode::Entry& entry) {
    return uses_template(entry.value) || entry.key.find('.') != std::string::npos;
  });
}

YamlNode typed_for_input(const ParamSpec& input, YamlNode value) {
  if (input.schema["type"].as_view() != "string" || !value.is_scalar() || value.is_null())
    return value;
  value.scalar = Json(value.text);
  value.plain = false;
  return value;
}

const YamlNode::Entry* given_to_input(const Level& level, std::string_view name) {
  const auto* with = level.use->entry->value.find("with");
  return with == nullptr ? nullptr : with->value.find(name);
}

const YamlNode* default_of_input(const Level& level, const std::string& name) {
  const auto* inputs = level.root->find("inputs");
  const auto* entry = inputs == nullptr ? nullptr : inputs->value.find(name);
  if (entry == nullptr) return nullptr;
  if (!entry->value.is_mapping()) return &entry->value;
  const auto* given = entry->value.find("default");
  return given == nullptr ? nullptr : &given->value;
}

}  // namespace millrace::spec
