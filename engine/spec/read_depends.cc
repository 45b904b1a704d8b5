// `depends` of a task: its expression, and the `needs` that follow from it.
#include <algorithm>
#include <charconv>
#include <unordered_set>

#include "engine/core/depends.h"
#include "engine/spec/read_dag.h"

namespace millrace::spec {
namespace {

/// The place of a byte of the text of a scalar, as far as the source spells it that way; otherwise
/// the scalar's own.
Position place_in(const YamlNode& node, std::size_t offset, const Report& report) {
  const std::size_t start = node.at.offset;
  const std::string_view source = report.text_of(node.at);
  if (start >= source.size()) return node.at;
  const std::size_t found = source.substr(start, node.text.size() + 2).find(node.text);
  return found == std::string_view::npos ? node.at : report.place(node.at, start + found + offset);
}

/// "column N: why" is an error at that place.
void report_syntax(const YamlNode& node, const std::string& message, const Loading& loading) {
  constexpr std::size_t kPrefix = std::string_view("column ").size();
  std::size_t column = 1;
  const char* const end = message.data() + message.size();
  const auto [rest, error] = std::from_chars(message.data() + kPrefix, end, column);
  const std::string why = error == std::errc() ? std::string(rest + 2, end) : message;
  loading.report.error(place_in(node, column - 1, loading.report), "bad-expression",
                       "depends: " + why);
}

class Names {
 public:
  Names(const LocatedDag& dag, const Loading& loading) : loading_(loading) {
    for (const auto& task : dag.spec.tasks) {
      ids_.push_back(task.id);
      known_.insert(task.id);
    }
  }

  /// The task that a name means; nullopt, with the reason reported: there is none.
  std::optional<std::string> task_of(const YamlNode& node, const Depends::Term& term) const {
    const auto is_task = [&](std::string_view id) { return known_.contains(id); };
    const Position at = place_in(node, term.offset, loading_.report);
    const auto meaning = Depends::meaning_of(term.name, is_task);
    if (meaning) return meaning->task;
    const std::string id = term.name.substr(0, term.name.rfind('.'));
    if (is_task(id))
      loading_.report.error_with_suggestion(at, "bad-value", "depends: " + meaning.error().message);
    else
      loading_.report.error(at, "unknown-task", "depends: there is no task " + quote(id),
                            loading_.report.full() ? "" : loading_.report.suggest(id, ids_));
    return std::nullopt;
  }

 private:
  const Loading& loading_;
  std::vector<std::string> ids_;
  std::unordered_set<std::string_view> known_;
};

void add_needs(const Names& names, TaskSpec& task, TaskPlaces& places, const Loading& loading) {
  const YamlNode& node = *places.depends;
  const auto depends = Depends::parse(task.depends);
  if (!depends) return report_syntax(node, depends.error().message, loading);
  for (const Depends::Term& term : depends->terms()) {
    const auto id = names.task_of(node, term);
    if (!id || std::ranges::find(task.needs, *id) != task.needs.end()) continue;
    task.needs.push_back(*id);
    places.needs.push_back({*id, place_in(node, term.offset, loading.report)});
  }
}

}  // namespace

void read_depends(const YamlNode& task_node, TaskSpec& task, TaskPlaces& places,
                  const Loading& loading) {
  const auto* entry = task_node.find("depends");
  if (entry == nullptr) return;
  const auto text = read_string(entry->value, "depends", loading.report);
  if (!text) return;
  for (const char* other : {"needs", "trigger_rule", "teardown"})
    if (const auto* found = task_node.find(other)) {
      loading.report.error(found->key_at, "bad-value",
                           "the task has depends as well, which says what comes before it and "
                           "when it starts",
                           "remove one of the two");
      return;
    }
  task.depends = *text;
  places.depends = &entry->value;
}

void resolve_depends(LocatedDag& dag, const Loading& loading) {
  const bool any = std::ranges::any_of(
      dag.tasks, [](const TaskPlaces& places) { return places.depends != nullptr; });
  if (!any) return;
  const Names names(dag, loading);
  for (std::size_t i = 0; i < dag.tasks.size() && !loading.report.full(); ++i)
    if (dag.tasks[i].depends != nullptr) add_needs(names, dag.spec.tasks[i], dag.tasks[i], loading);
}

}  // namespace millrace::spec
