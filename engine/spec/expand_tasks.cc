#include "engine/spec/expand_tasks.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>

#include "engine/spec/level_values.h"

namespace millrace::spec {
namespace {

YamlNode scalar_at(const Position& at, std::string text) {
  YamlNode out;
  out.at = at;
  out.text = std::move(text);
  out.scalar = Json(out.text);
  return out;
}

class Expansion {
 public:
  Expansion(const LocatedDag& dag, const Loading& loading, ExpansionBudget& budget,
            ExpandedTasks& out)
      : report_(loading.report), budget_(budget), values_(dag, budget, loading.report), out_(out) {}

  void add_tasks(const Level& level) {
    for (const auto& task : level.tasks) {
      if (budget_.spent) return;
      if (task.inner)
        add_tasks(*task.inner);
      else
        add_task(level, task);
    }
  }

  YamlNode outputs(const Level& level, const YamlNode& node) {
    return values_.rewritten(level, node);
  }

 private:
  void add_task(const Level& level, const LevelTask& task) {
    const YamlNode::Entry& entry = *task.entry;
    ExpandedTask out{{level.prefix + entry.key, entry.key_at, {}},
                     task.uses_template ? nullptr : level.defaults.get()};
    YamlNode& node = out.entry.value;
    node.kind = entry.value.kind;
    node.at = entry.value.at;
    if (!entry.value.is_mapping()) node = entry.value;
    for (const auto& member : entry.value.entries)
      if (member.key != "needs" && member.key != "if")
        node.entries.push_back({member.key, member.key_at,
                                member.key == "teardown" ? teardown_of(level, task, member.value)
                                                         : member_value(level, member)});
    add_needs(level, task, node);
    add_condition(level, task, node);
    const auto [first, fresh] = seen_.emplace(out.entry.key, level.template_name);
    if (!fresh)
      report_.error(entry.key_at, "repeated",
                    "task " + quote(out.entry.key) + " exists twice: once from a template",
                    "rename one of the two");
    out_.tasks.push_back(std::move(out));
  }

  YamlNode member_value(const Level& level, const YamlNode::Entry& member) {
    if (member.key == "depends" && member.value.is_string()) {
      std::string text = values_.depends(level, member.value);
      return text == member.value.text ? member.value : scalar_at(member.value.at, std::move(text));
    }
    if (member.key == "with" || member.key == "foreach")
      return values_.rewritten(level, member.value);
    if (member.key != "repeat" || !member.value.is_mapping()) return member.value;
    YamlNode out = member.value;
    for (auto& entry : out.entries)
      if (entry.key == "until") entry.value = condition_node(level, entry.value);
    return out;
  }

  /// With the ids of the setups outside of the level.
  YamlNode teardown_of(const Level& level, const LevelTask& task, const YamlNode& node) {
    if (task.setups.empty()) return node;  // no list of names: the reader reports it
    YamlNode list;
    list.kind = YamlNode::Kind::list;
    list.at = task.setups.front().at;
    for (const auto& setup : task.setups)
      for (auto& id : values_.ids_needed(level, setup.text))
        list.items.push_back(scalar_at(setup.at, std::move(id)));
    if (!node.is_mapping()) return list;
    YamlNode out = node;
    for (auto& entry : out.entries)
      if (entry.key == "setups") entry.value = std::move(list);
    return out;
  }

  YamlNode condition_node(const Level& level, const YamlNode& node) {
    if (!node.is_string()) return node;
    const auto text = values_.condition(level, node);
    return text && *text != node.text ? scalar_at(node.at, "${{ " + *text + " }}") : node;
  }

  /// Of a task with `depends`: the reader reports them.
  static void add_needs_as_written(const LevelTask& task, YamlNode& node) {
    if (const auto* own = task.entry->value.find("needs")) node.entries.push_back(*own);
  }

  /// The tasks that come before: those of the task itself, otherwise those of the use.
  void add_needs(const Level& level, const LevelTask& task, YamlNode& node) {
    if (node.find("depends") != nullptr) return add_needs_as_written(task, node);
    const auto* own = task.entry->value.find("needs");
    if (own != nullptr && task.needs.empty() && !own->value.is_null()) {
      node.entries.push_back(*own);  // not a list of names: the reader reports it
      return;
    }
    YamlNode list;
    list.kind = YamlNode::Kind::list;
    const Level* at = &level;
    const LevelTask* from = &task;
    while (from->needs.empty() && at->use != nullptr) {
      from = at->use;
      at = at->outer;
    }
    list.at = from->needs.empty() ? task.entry->key_at : from->needs.front().at;
    std::unordered_set<std::string> seen;
    for (const auto& need : from->needs)
      for (auto& id : values_.ids_needed(*at, need.text)) {
        if (!budget_.take(&ExpansionBudget::edges, 1, need.at, report_)) return;
        if (seen.insert(id).second) list.items.push_back(scalar_at(need.at, std::move(id)));
      }
    if (!list.items.empty()) node.entries.push_back({"needs", list.at, std::move(list)});
  }

  /// The first tasks of a template take the `if` of its use, together with their own.
  void add_condition(const Level& level, const LevelTask& task, YamlNode& node) {
    const YamlNode::Entry* shown = task.entry->value.find("if");
    std::vector<std::string> all;
    std::size_t count = 0;
    const Level* at = &level;
    for (const LevelTask* from = &task;; from = at->use, at = at->outer) {
      if (const auto* own = from->entry->value.find("if")) {
        ++count;
        if (shown == nullptr) shown = own;
        const auto text = values_.condition(*at, own->value);
        if (!text) {
          node.entries.push_back(*own);  // not a condition: the reader reports it
          return;
        }
        all.push_back(*text);
      }
      if (!from->needs.empty() || at->use == nullptr) break;
    }
    if (shown == nullptr) return;
    if (count == 1 && shown->value.is_scalar() && all[0] == shown->value.text) {
      node.entries.push_back(*shown);
      return;
    }
    std::string text;
    for (auto one = all.rbegin(); one != all.rend(); ++one)  // that of the use first
      text += (text.empty() ? "" : " && ") + (count == 1 ? *one : "(" + *one + ")");
    node.entries.push_back(
        {"if", shown->key_at, scalar_at(shown->value.at, "${{ " + text + " }}")});
  }

  Report& report_;
  ExpansionBudget& budget_;
  LevelValues values_;
  ExpandedTasks& out_;
  std::unordered_map<std::string, std::string> seen_;
};

}  // namespace

std::shared_ptr<const ExpandedTasks> expand_tasks(const YamlNode& root, const TaskSpec& defaults,
                                                  LocatedDag& dag, const Loading& loading) {
  const YamlNode& tasks = root.find("tasks")->value;
  dag.uses_templates = std::ranges::any_of(
      tasks.entries, [](const auto& entry) { return uses_template(entry.value); });
  if (!needs_expansion(tasks)) return nullptr;
  ExpansionBudget budget;
  auto out = std::make_shared<ExpandedTasks>();
  std::shared_ptr<const Level> level = level_of(root, defaults, dag, loading, budget);
  out->level = level;
  Expansion expansion(dag, loading, budget, *out);
  expansion.add_tasks(*level);
  const auto* outputs = root.find("outputs");
  if (outputs != nullptr && !budget.spent) out->outputs = expansion.outputs(*level, outputs->value);
  return out;
}

}  // namespace millrace::spec
