#include <algorithm>
#include <charconv>
#include <map>
#include <unordered_map>

#include "engine/core/expression.h"
#include "engine/spec/read_dag.h"

namespace millrace::spec {
namespace {

// What `run` and `dag` hold: engine/core/run_expression.cc; a test compares them.
const std::vector<std::string> kRunNames = {"id",
                                            "type",
                                            "trace_id",
                                            "created_at",
                                            "logical_date",
                                            "data_interval_start",
                                            "data_interval_end"};
const std::vector<std::string> kDagNames = {"id", "owner"};
const std::vector<std::string> kTaskNames = {"outputs", "state"};

/// Where an expression is used, and so what it may name.
enum class Use { with, condition, foreach, until, event, outputs };

std::vector<std::string> roots_of(Use use, bool of_template, bool mapped, bool repeats) {
  if (use == Use::event) return {"event"};
  std::vector<std::string> roots = {"run", "params", "tasks", "event", "dag"};
  if (of_template) roots = {"run", "inputs", "tasks", "dag"};
  if (use == Use::outputs) return roots;
  roots.emplace_back("watermarks");
  const bool is_of_attempt = use == Use::with || use == Use::until;
  if (mapped && is_of_attempt) roots.insert(roots.end(), {"item", "index"});
  if (repeats && is_of_attempt) roots.insert(roots.end(), {"iteration", "previous"});
  if (use == Use::until) roots.emplace_back("outputs");
  return roots;
}

/// Where a name is known that is not known everywhere; "": it is another one.
std::string place_of(std::string_view root) {
  if (root == "item" || root == "index") return "in the `with` of a task that has `foreach`";
  if (root == "iteration" || root == "previous")
    return "in the `with` and `until` of a task that has `repeat`";
  if (root == "outputs") return "in the `until` of a task that has `repeat`";
  if (root == "inputs") return "in a template";
  return "";
}

std::vector<std::string> split_dots(std::string_view name) {
  std::vector<std::string> parts;
  while (true) {
    const std::size_t dot = name.find('.');
    parts.emplace_back(name.substr(0, dot));
    if (dot == std::string_view::npos) return parts;
    name.remove_prefix(dot + 1);
  }
}

class Checker {
 public:
  Checker(const LocatedDag& dag, const Loading& loading) : dag_(dag), loading_(loading) {
    for (std::size_t i = 0; i < dag.spec.tasks.size(); ++i) {
      ids_.push_back(dag.spec.tasks[i].id);
      index_.emplace(dag.spec.tasks[i].id, i);
    }
    for (const auto& param : dag.spec.params) params_.push_back(param.name);
  }

  void run() {
    for (const LocatedTrigger& trigger : dag_.triggers) {
      if (trigger.condition) check_condition(*trigger.condition, Use::event);
      if (trigger.params) check_tree(*trigger.params, Use::event);
    }
    for (task_ = 0; task_ < dag_.tasks.size(); ++task_) {
      if (loading_.report.full()) return;
      upstream_.clear();
      const TaskPlaces& places = dag_.tasks[task_];
      if (places.condition) check_condition(*places.condition, Use::condition);
      if (places.foreach) check_tree(*places.foreach, Use::foreach);
      if (places.until) check_condition(*places.until, Use::until);
      if (places.with) check_tree(*places.with, Use::with);
    }
    if (dag_.outputs) check_tree(*dag_.outputs, Use::outputs);
  }

 private:
  void check_tree(const YamlNode& node, Use use) {
    if (loading_.report.full()) return;
    if (node.is_string()) check_text(node, use);
    for (const auto& item : node.items) check_tree(item, use);
    for (const auto& entry : node.entries) check_tree(entry.value, use);
  }

  void check_condition(const YamlNode& node, Use use) {
    if (!node.is_string()) return;
    if (node.text.find("${{") != std::string::npos) return check_text(node, use);
    check_expression(node, node.text, use);  // `if` needs no braces
  }

  void check_text(const YamlNode& node, Use use) {
    const auto spans = find_expressions(node.text);
    if (!spans)
      return loading_.report.error(locate(node, "${{"), "bad-expression", spans.error().message);
    for (const auto& span : *spans) check_expression(node, span.text, use);
  }

  /// The place of `needle` in the scalar that starts at `node`, as far as the source spells it that
  /// way; else the scalar's own.
  Position locate(const YamlNode& node, std::string_view needle, bool* found = nullptr) const {
    const std::size_t start = node.at.offset;
    const std::string_view source = loading_.report.text_of(node.at);
    if (found) *found = false;
    if (start >= source.size() || needle.empty()) return node.at;
    // Escapes and indentation make the source longer than the text.
    const std::string_view window = source.substr(start, node.text.size() * 2 + 16);
    const std::size_t at = window.find(needle);
    if (at == std::string_view::npos) return node.at;
    if (found) *found = true;
    return loading_.report.place(node.at, start + at);
  }

  void check_expression(const YamlNode& node, std::string_view text, Use use) {
    const auto expression = Expression::parse(text);
    if (!expression) return tell_syntax(node, text, expression.error().message);
    if (use != Use::condition && expression->uses_status_function())
      loading_.report.error(
          locate(node, text), "bad-expression",
          "success(), failure(), always() and cancelled() can stand only in a task's `if`");
    for (const auto& reference : expression->references()) check_reference(node, reference, use);
  }

  /// Moves the column of a syntax error from the expression's text to the file.
  void tell_syntax(const YamlNode& node, std::string_view text, std::string_view message) {
    constexpr std::string_view kPrefix = "column ";
    bool found = false;
    Position at = locate(node, text, &found);
    int column = 0;
    std::string shown(message);
    if (found && message.starts_with(kPrefix)) {
      const char* begin = message.data() + kPrefix.size();
      const auto [end, error] = std::from_chars(begin, message.data() + message.size(), column);
      const std::size_t used = static_cast<std::size_t>(end - message.data());
      if (error == std::errc() && message.substr(used).starts_with(": ")) {
        at = loading_.report.place(at, at.offset + static_cast<std::size_t>(column) - 1);
        shown = message.substr(used + 2);
      }
    }
    loading_.report.error_with_suggestion(at, "bad-expression", "in the expression, " + shown);
  }

  void unknown(const YamlNode& node, const std::string& needle, const std::string& message,
               std::string_view word, const std::vector<std::string>& known) {
    std::string hint = loading_.report.suggest(word, known);
    if (hint.empty() && known.size() == 1) hint = "there is only " + quote(known[0]);
    if (hint.empty() && known.size() > 1 && known.size() <= 20) hint = "there are " + listed(known);
    loading_.report.error(locate(node, needle), "unknown-reference", message, hint);
  }

  void check_reference(const YamlNode& node, const std::string& reference, Use use) {
    if (loading_.report.full()) return;
    const auto parts = split_dots(reference);
    const std::string& root = parts[0];
    const bool of_task = use != Use::event && use != Use::outputs;
    const bool mapped = of_task && !dag_.spec.tasks[task_].foreach.is_null();
    const bool repeats = of_task && dag_.tasks[task_].repeats;
    const auto roots = roots_of(use, dag_.is_template, mapped, repeats);
    if (std::ranges::find(roots, root) == roots.end()) {
      if (const std::string place = place_of(root); !place.empty())
        return loading_.report.error(locate(node, root), "unknown-reference",
                                     "'" + root + "' is known only " + place);
      if (dag_.is_template && (root == "params" || root == "event"))
        return loading_.report.error(
            locate(node, root), "unknown-reference", "a template does not know " + quote(root),
            "declare an input, and give it the value where the template is used");
      return unknown(node, root, "there is no " + quote(root) + " here", root, roots);
    }
    if (dag_.is_template && parts.size() < 2 && (root == "tasks" || root == "inputs"))
      return loading_.report.error(locate(node, root), "unknown-reference",
                                   "a template cannot read all of '" + root + "'",
                                   "name one of them, as in " + root + ".NAME");
    if (root == "tasks") return check_task_reference(node, reference, parts, use);
    if (parts.size() < 2) return;
    const std::string needle = root + "." + parts[1];
    if (root == "outputs" || root == "previous") return check_own_output(node, needle, parts[1]);
    if ((root == "params" || root == "inputs") &&
        std::ranges::find(params_, parts[1]) == params_.end())
      unknown(node, needle,
              noun() + " has no " + root.substr(0, root.size() - 1) + " " + quote(parts[1]),
              parts[1], params_);
    if (root == "run" && std::ranges::find(kRunNames, parts[1]) == kRunNames.end())
      unknown(node, needle, "'run' has no " + quote(parts[1]), parts[1], kRunNames);
    if (root == "dag" && std::ranges::find(kDagNames, parts[1]) == kDagNames.end())
      unknown(node, needle, "'dag' has no " + quote(parts[1]), parts[1], kDagNames);
  }

  std::string noun() const { return dag_.is_template ? "the template" : "the DAG"; }

  /// Of the task itself, in an iteration.
  void check_own_output(const YamlNode& node, const std::string& needle,
                        const std::string& output) {
    const OperatorInfo* op = dag_.tasks[task_].op;
    if (op == nullptr) return;
    const auto known = op->known_outputs(dag_.spec.tasks[task_].with);
    if (!known || std::ranges::find(*known, output) != known->end()) return;
    unknown(node, needle, "operator " + quote(op->name) + " has no output " + quote(output), output,
            *known);
  }

  /// An id may hold dots: the longest run of parts that is an id counts. 0: there is none.
  std::size_t id_length(const std::vector<std::string>& parts, std::size_t& task) const {
    std::string id;
    std::size_t best = 0;
    for (std::size_t i = 1; i < parts.size() && id.size() <= 128; ++i) {
      id += (i > 1 ? "." : "") + parts[i];
      if (const auto found = index_.find(id); found != index_.end()) {
        best = i;
        task = found->second;
      }
    }
    return best;
  }

  void check_task_reference(const YamlNode& node, const std::string& reference,
                            const std::vector<std::string>& parts, Use use) {
    if (parts.size() < 2) return;
    std::size_t read = 0;
    const std::size_t length = id_length(parts, read);
    if (length == 0)
      return unknown(node, "tasks." + parts[1], noun() + " has no task " + quote(parts[1]),
                     parts[1], ids_);
    // When the outputs of the run are computed, all tasks have ended.
    if (use != Use::outputs && !check_is_upstream(node, read)) return;
    if (parts.size() > length + 1) check_task_part(node, reference, parts, length, read);
  }

  bool check_is_upstream(const YamlNode& node, std::size_t read) {
    const std::string& id = ids_[read];
    const Position at = locate(node, "tasks." + id);
    if (read == task_) {
      loading_.report.error(at, "not-upstream", "task " + quote(id) + " cannot read itself");
      return false;
    }
    if (is_upstream(read)) return true;
    const bool downstream = all_upstream(read)[task_];
    loading_.report.error(
        at, "not-upstream",
        "task " + quote(ids_[task_]) + " reads " + quote("tasks." + id) + ", which " +
            (downstream ? "runs after it" : "does not run before it"),
        downstream ? ""
                   : "add " + quote(id) + " to its `" +
                         (dag_.tasks[task_].depends != nullptr ? "depends" : "needs") + "`");
    return false;
  }

  void check_task_part(const YamlNode& node, const std::string& reference,
                       const std::vector<std::string>& parts, std::size_t length,
                       std::size_t read) {
    const std::string& part = parts[length + 1];
    const std::string& id = ids_[read];
    if (std::ranges::find(kTaskNames, part) == kTaskNames.end())
      return unknown(node, "tasks." + id + "." + part, "'tasks." + id + "' has no " + quote(part),
                     part, kTaskNames);
    if (part != "outputs" || parts.size() <= length + 2) return;
    const std::string& output = parts[length + 2];
    if (!dag_.spec.tasks[read].foreach.is_null())
      return loading_.report.error(
          locate(node, reference), "unknown-reference",
          "task " + quote(id) + " has `foreach`: its outputs are a list, one item an instance",
          "read 'tasks." + id + ".outputs.*." + output + "'");
    const OperatorInfo* op = dag_.tasks[read].op;
    if (op == nullptr) return;
    const auto known = op->known_outputs(dag_.spec.tasks[read].with);
    if (!known || std::ranges::find(*known, output) != known->end()) return;
    unknown(node, "tasks." + id + ".outputs." + output,
            "task " + quote(id) + " ('" + op->name + "') has no output " + quote(output), output,
            *known);
  }

  /// True if `other` comes before the current task, directly or through others.
  bool is_upstream(std::size_t other) {
    if (upstream_.empty()) upstream_ = all_upstream(task_);
    return upstream_[other];
  }

  std::vector<bool> all_upstream(std::size_t start) const {
    std::vector<bool> seen(ids_.size(), false);
    std::vector<std::size_t> open = {start};
    while (!open.empty()) {
      const std::size_t task = open.back();
      open.pop_back();
      for (const auto& need : dag_.tasks[task].needs) {
        const auto found = index_.find(need.text);
        if (found == index_.end() || seen[found->second]) continue;
        seen[found->second] = true;
        open.push_back(found->second);
      }
    }
    return seen;
  }

  const LocatedDag& dag_;
  const Loading& loading_;
  std::vector<std::string> ids_;
  std::unordered_map<std::string, std::size_t> index_;
  std::vector<std::string> params_;
  std::size_t task_ = 0;
  std::vector<bool> upstream_;  // of the current task; empty: not known yet
};

}  // namespace

void check_expressions(const LocatedDag& dag, const Loading& loading) {
  Checker(dag, loading).run();
}

}  // namespace millrace::spec
