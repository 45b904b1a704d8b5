// What is known of a value before any run: whether an expression can be what the place wants,
// whether it is pasted into the text of a shell, and whether a text in a language of its own is
// right.
#include <algorithm>

#include "engine/core/expression.h"
#include "engine/spec/read_dag.h"

namespace millrace::spec {
namespace {

using Type = std::optional<Json::Type>;

Type type_named(std::string_view name) {
  if (name == "string") return Json::Type::string;
  if (name == "integer") return Json::Type::integer;
  if (name == "number") return Json::Type::number;
  if (name == "boolean") return Json::Type::boolean;
  if (name == "array") return Json::Type::array;
  if (name == "object") return Json::Type::object;
  return std::nullopt;
}

/// The type that all items of a literal list have.
Type item_type(const Json& list) {
  if (!list.is_array() || list.size() == 0 || has_expression(list)) return std::nullopt;
  const auto type = list.at(0).type();
  const bool same =
      std::ranges::all_of(list.items(), [&](const Json& item) { return item.type() == type; });
  return same ? Type(type) : std::nullopt;
}

/// The line of `text` that holds the byte at `offset`, and the offset in it.
struct LineOfText {
  std::string_view line;
  std::size_t number = 0;  // from 0
  std::size_t offset = 0;
};
LineOfText line_at(std::string_view text, std::size_t offset) {
  offset = std::min(offset, text.size());
  const std::string_view before = text.substr(0, offset);
  const std::size_t start = before.rfind('\n') + 1;  // npos + 1 is 0
  return {text.substr(start, text.find('\n', start) - start),
          static_cast<std::size_t>(std::ranges::count(before, '\n')), offset - start};
}

/// The place in the source of a byte of a scalar: of a block scalar whose lines are those of the
/// source, or of a scalar of one line without escapes; otherwise the place of the scalar.
Position place_in_scalar(const Report& report, const YamlNode& node, std::size_t offset) {
  const std::string_view source = report.text_of(node.at);
  const LineOfText wanted = line_at(node.text, offset);
  std::size_t start = node.at.offset;
  const char first = start < source.size() ? source[start] : '\0';
  if (!node.plain && first == '|') {
    for (std::size_t i = 0; i <= wanted.number && start != source.npos; ++i) {
      start = source.find('\n', start);
      if (start != source.npos) ++start;
    }
    if (start == source.npos) return node.at;
    const std::string_view line = source.substr(start, source.find('\n', start) - start);
    if (!line.ends_with(wanted.line)) return node.at;
    return report.place(node.at, start + line.size() - wanted.line.size() + wanted.offset);
  }
  if (!node.plain) ++start;  // the quote
  if (wanted.number > 0 || start > source.size() || !source.substr(start).starts_with(wanted.line))
    return node.at;
  return report.place(node.at, start + wanted.offset);
}

class TypeChecker {
 public:
  TypeChecker(const LocatedDag& dag, const Loading& loading) : dag_(dag), loading_(loading) {}

  void run() {
    for (std::size_t i = 0; i < dag_.tasks.size() && !loading_.report.full(); ++i) {
      task_ = &dag_.spec.tasks[i];
      const TaskPlaces& places = dag_.tasks[i];
      if (places.foreach != nullptr) check_foreach(*places.foreach);
      if (places.with == nullptr || places.op == nullptr) continue;
      for (const auto& entry : places.with->entries)
        if (const ParamInfo* info = places.op->find_param(entry.key)) check_param(entry, *info);
    }
  }

 private:
  /// The expression that is all of a string; nullopt if there is text around it, or it is wrong.
  static std::optional<Expression> whole_expression(const YamlNode& node) {
    if (!node.is_string()) return std::nullopt;
    const auto spans = find_expressions(node.text);
    if (!spans || spans->size() != 1) return std::nullopt;
    const auto& span = spans->front();
    if (span.offset != 3 || span.text.size() + 5 != node.text.size()) return std::nullopt;
    auto expression = Expression::parse(span.text);
    return expression ? std::optional(*std::move(expression)) : std::nullopt;
  }

  Type type_of(const YamlNode& node) const {
    const auto expression = whole_expression(node);
    if (!expression) return std::nullopt;
    return expression->type([this](const std::string& name) { return type_of_name(name); });
  }

  Type type_of_name(std::string_view name) const {
    if (name == "index" || name == "iteration") return Json::Type::integer;
    if (name == "item") return item_type(task_->foreach);
    for (const std::string_view mapping : {"params", "inputs", "run", "dag", "tasks", "previous"})
      if (name == mapping) return Json::Type::object;
    for (const std::string_view text :
         {"run.id", "run.type", "run.trace_id", "run.created_at", "dag.id", "dag.owner"})
      if (name == text) return Json::Type::string;
    const std::string_view given = dag_.is_template ? "inputs." : "params.";
    if (!name.starts_with(given)) return std::nullopt;
    for (const auto& param : dag_.spec.params)
      if (param.name == name.substr(given.size()))
        return type_named(param.schema["type"].as_view());
    return std::nullopt;
  }

  void wrong_type(const YamlNode& node, const std::string& what, const std::string& why) {
    loading_.report.error(node.at, "wrong-type", what + ": " + quote(node.text) + ": " + why);
  }

  void check_foreach(const YamlNode& node) {
    const Type type = type_of(node);
    if (type && *type != Json::Type::array)
      wrong_type(node, "foreach", "it is " + std::string(type_name(*type)) + "; expected a list");
  }

  void check_param(const YamlNode::Entry& entry, const ParamInfo& info) {
    const std::string what = "parameter '" + entry.key + "'";
    if (const Type type = type_of(entry.value))
      if (const auto why = check_type(info, *type)) wrong_type(entry.value, what, *why);
    const bool is_list = info.type == ParamType::strings || info.type == ParamType::numbers;
    if (is_list)
      for (const auto& item : entry.value.items)
        if (const Type type = type_of(item))
          if (const auto why = check_item_type(info, *type)) wrong_type(item, what, *why);
    if (info.type == ParamType::texts)
      for (const auto& member : entry.value.entries)
        if (const Type type = type_of(member.value))
          if (const auto why = check_item_type(info, *type))
            wrong_type(member.value, what + ", '" + member.key + "'", *why);
    if (info.shell) check_shell(entry.value);
    if (info.check_text) check_text(entry, info);
  }

  /// A text with expressions is known only when the task starts.
  void check_text(const YamlNode::Entry& entry, const ParamInfo& info) {
    const YamlNode& node = entry.value;
    if (!node.is_scalar() || node.is_null() || node.text.find("${{") != std::string::npos) return;
    const auto problem = info.check_text(node.text);
    if (!problem) return;
    loading_.report.error_with_suggestion(
        problem->offset ? place_in_scalar(loading_.report, node, *problem->offset) : node.at,
        "bad-param", "parameter '" + entry.key + "': " + problem->message);
  }

  /// A value from outside that becomes part of a script can hold commands of its own.
  void check_shell(const YamlNode& node) {
    if (!node.is_string()) return;
    const auto spans = find_expressions(node.text);
    if (!spans) return;
    for (const auto& span : *spans) {
      const auto expression = Expression::parse(span.text);
      if (!expression || is_harmless(*expression)) continue;
      for (const auto& name : expression->references_outside("quote")) {
        if (!comes_from_outside(name)) continue;
        loading_.report.warning(
            node.at, "shell-injection",
            "the shell runs whatever " + quote(name) + " holds as part of the script",
            "pass it by `env` and write \"$NAME\" in the script, or write ${{ quote(" + name +
                ") }} without quotes around it");
        return;
      }
    }
  }

  /// Digits, true or false hold no command.
  bool is_harmless(const Expression& expression) const {
    const Type type =
        expression.type([this](const std::string& name) { return type_of_name(name); });
    return type == Json::Type::integer || type == Json::Type::number ||
           type == Json::Type::boolean || type == Json::Type::null;
  }

  bool comes_from_outside(std::string_view name) const {
    const auto below = [&](std::string_view root) {
      return name == root || (name.starts_with(root) && name.substr(root.size()).starts_with('.'));
    };
    if (below("item")) return !task_->foreach.is_array() || has_expression(task_->foreach);
    if (below("tasks")) return !name.ends_with(".state");
    if (!below("params") && !below("inputs")) return below("event") || below("previous");
    const Type type = type_of_name(name);
    return !type || *type == Json::Type::string || *type == Json::Type::array ||
           *type == Json::Type::object;
  }

  const LocatedDag& dag_;
  const Loading& loading_;
  const TaskSpec* task_ = nullptr;
};

}  // namespace

void check_types(const LocatedDag& dag, const Loading& loading) { TypeChecker(dag, loading).run(); }

}  // namespace millrace::spec
