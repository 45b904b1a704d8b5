#include "engine/spec/level_values.h"

#include <algorithm>
#include <unordered_set>

#include "engine/core/expression.h"
#include "engine/core/expression_rewrite.h"
#include "engine/op/param.h"

namespace millrace::spec {
namespace {

bool is_blank(std::string_view text) {
  return text.find_first_not_of(" \t\r\n") == std::string_view::npos;
}

/// The expression that is all of a text.
std::optional<std::string_view> only_expression(std::string_view text,
                                                const std::vector<ExpressionSpan>& spans) {
  if (spans.size() != 1) return std::nullopt;
  const auto& span = spans.front();
  const bool whole = span.offset == 3 && span.text.size() + 5 == text.size();
  return whole ? std::optional(span.text) : std::nullopt;
}

std::string_view trimmed(std::string_view text) {
  const std::size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

/// A literal text of format().
std::string format_text(std::string_view text) {
  std::string out;
  for (const char c : text) {
    out += c;
    if (c == '{' || c == '}') out += c;
  }
  return out;
}

YamlNode text_node(const YamlNode& like, std::string text) {
  YamlNode out;
  out.at = like.at;
  out.text = std::move(text);
  out.scalar = Json(out.text);
  return out;
}

}  // namespace

/// A text is looked at more than once.
void LevelValues::report_once(const Position& at, std::string_view code, std::string message,
                              std::string hint) {
  if (reported_.insert({at.text, at.offset, message}).second)
    report_.error(at, code, std::move(message), std::move(hint));
}

YamlNode LevelValues::rewritten(const Level& level, const YamlNode& node) {
  const YamlSize size{1, node.text.size()};
  if (!budget_.take(&ExpansionBudget::values, size.values, level.root->at, report_) ||
      !budget_.take(&ExpansionBudget::bytes, size.bytes, level.root->at, report_))
    return text_node(node, "");
  if (node.is_string() && node.text.find("${{") != std::string::npos)
    return rewritten_text(level, node);
  YamlNode out;
  out.kind = node.kind;
  out.at = node.at;
  out.text = node.text;
  out.plain = node.plain;
  out.scalar = node.scalar;
  for (const auto& item : node.items) out.items.push_back(rewritten(level, item));
  for (const auto& entry : node.entries)
    out.entries.push_back({entry.key, entry.key_at, rewritten(level, entry.value)});
  return out;
}

YamlNode LevelValues::rewritten_text(const Level& level, const YamlNode& node) {
  const auto spans = find_expressions(node.text);
  if (!spans) return node;  // the reader reports it
  const auto value_of = [&](std::string_view expression) -> const YamlNode* {
    const auto chain = whole_chain(expression);
    const auto found = chain ? meaning(level, *chain, node.at) : std::nullopt;
    return found && found->names == chain->size() ? found->value : nullptr;
  };
  if (const auto only = only_expression(node.text, *spans))
    if (const YamlNode* value = value_of(*only)) return copied(level, node, *value);
  std::string out;
  std::size_t done = 0;
  for (const auto& span : *spans) {
    out += node.text.substr(done, span.offset - 3 - done);
    const YamlNode* value = value_of(span.text);
    if (value != nullptr && value->is_scalar())
      out += spliced(out, *value);
    else
      out += "${{" + expression(level, span.text, node.at) + "}}";
    done = span.offset + span.text.size() + 2;
  }
  out += node.text.substr(done);
  budget_.take(&ExpansionBudget::bytes, out.size(), level.root->at, report_);
  return text_node(node, budget_.spent ? "" : std::move(out));
}

/// The value in place of the text that names it. An error in it is one of the text, unless the file
/// itself gives the value.
YamlNode LevelValues::copied(const Level& level, const YamlNode& node, const YamlNode& value) {
  const YamlSize size = size_of(value);
  if (!budget_.take(&ExpansionBudget::values, size.values, level.root->at, report_) ||
      !budget_.take(&ExpansionBudget::bytes, size.bytes, level.root->at, report_))
    return text_node(node, "");
  YamlNode out = value;
  if (out.at.text != 0) out.at = node.at;
  return out;
}

/// A value in the middle of a text.
std::string LevelValues::spliced(const std::string& before, const YamlNode& value) {
  if (!value.is_string()) return "${{ " + expression_of(value.scalar).value_or("null") + " }}";
  // A text that holds no expression must not become one.
  const bool constant = value.text.find("${{") == std::string::npos;
  const bool unsafe = constant && (before.ends_with('$') || before.ends_with("${") ||
                                   value.text.ends_with('$') || value.text.ends_with("${"));
  return unsafe ? "${{ " + expression_of(Json(value.text)).value_or("''") + " }}" : value.text;
}

std::string LevelValues::expression(const Level& level, std::string_view text, const Position& at) {
  const auto replaced =
      replace_names(text, [&](const auto& chain) -> Result<std::optional<NameReplacement>> {
        const auto found = meaning(level, chain, at);
        if (!found) return std::optional<NameReplacement>();
        if (found->task == chain[1]) return std::optional<NameReplacement>();
        if (!found->task.empty())
          return std::optional(NameReplacement{found->names, task_expression(found->task)});
        const auto value = found->value ? as_expression(*found->value) : std::nullopt;
        return std::optional(NameReplacement{found->names, value.value_or("null")});
      });
  return replaced.value_or(std::string(text));
}

std::optional<std::string> LevelValues::condition(const Level& level, const YamlNode& node) {
  if (node.is_scalar() && node.scalar.is_bool()) return node.scalar.as_bool() ? "true" : "false";
  if (!node.is_string()) return std::nullopt;
  const auto spans = find_expressions(node.text);
  if (!spans) return std::nullopt;
  if (spans->empty()) return expression(level, node.text, node.at);
  const auto& span = spans->front();
  const std::string_view whole = node.text;
  if (!is_blank(whole.substr(0, span.offset - 3)) ||
      !is_blank(whole.substr(span.offset + span.text.size() + 2)))
    return std::nullopt;
  return expression(level, trimmed(span.text), node.at);
}

/// A value as a part of an expression. nullopt: it cannot be one, and this is reported.
std::optional<std::string> LevelValues::as_expression(const YamlNode& value) {
  if (!value.is_string()) {
    Report ignored("");
    const Json json = to_json(value, ignored);
    if (!has_expression(json)) return expression_of(json);
    report_once(value.at, "bad-input",
                "a list or mapping with expressions can only be used as a whole, as in "
                "${{ inputs.NAME }}, and not as a part of an expression");
    return std::nullopt;
  }
  const auto spans = find_expressions(value.text);
  if (!spans || spans->empty()) return expression_of(Json(value.text));
  if (const auto only = only_expression(value.text, *spans)) return std::string(trimmed(*only));
  std::string pattern, arguments;
  std::size_t done = 0, count = 0;
  for (const auto& span : *spans) {
    pattern += format_text(std::string_view(value.text).substr(done, span.offset - 3 - done));
    pattern += "{" + std::to_string(count++) + "}";
    arguments += ", " + std::string(trimmed(span.text));
    done = span.offset + span.text.size() + 2;
  }
  pattern += format_text(std::string_view(value.text).substr(done));
  return "format(" + expression_of(Json(pattern)).value_or("''") + arguments + ")";
}

std::optional<LevelValues::Meaning> LevelValues::meaning(const Level& level,
                                                         const std::vector<std::string>& chain,
                                                         const Position& at) {
  if (chain.size() < 2) return std::nullopt;
  if (chain[0] == "inputs" && level.use != nullptr)
    return Meaning{2, "", input_value(level, chain[1], at)};
  if (chain[0] != "tasks") return std::nullopt;
  Pieces pieces;  // an id in brackets may hold dots
  for (std::size_t i = 1; i < chain.size(); ++i) {
    std::string_view rest = chain[i];
    for (std::size_t dot = rest.find('.'); dot != rest.npos; dot = rest.find('.')) {
      pieces.emplace_back(rest.substr(0, dot), 0);
      rest.remove_prefix(dot + 1);
    }
    pieces.emplace_back(rest, i + 1);
  }
  return task_meaning(level, pieces, 0, at);
}

std::optional<LevelValues::Meaning> LevelValues::task_meaning(const Level& level,
                                                              const Pieces& pieces,
                                                              std::size_t from,
                                                              const Position& at) {
  std::string id;
  const LevelTask* best = nullptr;
  std::size_t behind = 0;
  for (std::size_t i = from; i < pieces.size() && id.size() <= 128; ++i) {
    id += (i > from ? "." : "") + pieces[i].first;
    if (const LevelTask* found = level.find(id)) {
      best = found;
      behind = i + 1;
    }
  }
  if (best == nullptr) return std::nullopt;
  const std::size_t names = pieces[behind - 1].second;
  if (!best->uses_template || best->inner == nullptr) {
    if (names == 0) return std::nullopt;
    return Meaning{names, level.prefix + best->entry->key, nullptr};
  }
  if (behind < pieces.size() && pieces[behind].first != "outputs")
    if (auto found = task_meaning(*best->inner, pieces, behind, at)) return found;
  return output_meaning(*best, pieces, behind, at);
}

std::optional<LevelValues::Meaning> LevelValues::output_meaning(const LevelTask& use,
                                                                const Pieces& pieces,
                                                                std::size_t from,
                                                                const Position& at) {
  const Level& inner = *use.inner;
  const std::string id = use.entry->key;
  std::vector<std::string> known;
  if (const YamlNode* outputs = inner.outputs())
    for (const auto& entry : outputs->entries) known.push_back(entry.key);
  const std::size_t last = pieces.back().second;
  if (from + 1 >= pieces.size() || pieces[from].first != "outputs") {
    report_once(at, "unknown-reference",
                "task " + quote(id) + " is the template " + quote(inner.template_name) +
                    ": it has no state of its own",
                known.empty()
                    ? "read a task in it, such as tasks." + id + ".TASK.state"
                    : "read one of its outputs, such as tasks." + id + ".outputs." + known.front());
    return Meaning{last, "", nullptr};
  }
  std::string name;
  for (std::size_t i = from + 1; i < pieces.size() && name.size() <= 128; ++i) {
    name += (i > from + 1 ? "." : "") + pieces[i].first;
    if (pieces[i].second > 0 && std::ranges::find(known, name) != known.end())
      return Meaning{pieces[i].second, "", output_value(inner, name, at)};
  }
  const std::string& wanted = pieces[from + 1].first;
  std::string hint = report_.suggest(wanted, known);
  if (hint.empty()) hint = known.empty() ? "it has no outputs" : "there are " + listed(known);
  report_once(at, "unknown-reference",
              "template " + quote(inner.template_name) + " has no output " + quote(wanted), hint);
  return Meaning{last, "", nullptr};
}

const YamlNode* LevelValues::input_value(const Level& level, const std::string& name,
                                         const Position& at) {
  const auto input = std::ranges::find(level.inputs, name, &ParamSpec::name);
  if (input == level.inputs.end()) return nullptr;
  const Key key(&level, "input " + name);
  if (const auto known = inputs_.find(key); known != inputs_.end()) return &known->second;
  if (!open_.insert(key).second) {
    report_once(at, "template-circle",
                "the inputs and outputs of templates refer to one another in a circle");
    return nullptr;
  }
  YamlNode value = given_value(level, *input);
  open_.erase(key);
  return &inputs_.emplace(key, std::move(value)).first->second;
}

YamlNode LevelValues::given_value(const Level& level, const ParamSpec& input) {
  if (const auto* given = given_to_input(level, input.name))
    return typed_for_input(input, rewritten(*level.outer, given->value));
  const YamlNode* fallback = default_of_input(level, input.name);
  return fallback == nullptr ? YamlNode() : typed_for_input(input, *fallback);
}

const YamlNode* LevelValues::output_value(const Level& level, const std::string& name,
                                          const Position& at) {
  const Key key(&level, "output " + name);
  if (const auto known = outputs_.find(key); known != outputs_.end()) return &known->second;
  if (!open_.insert(key).second) {
    report_once(at, "template-circle",
                "the inputs and outputs of templates refer to one another in a circle");
    return nullptr;
  }
  YamlNode value = rewritten(level, level.outputs()->find(name)->value);
  open_.erase(key);
  return &outputs_.emplace(key, std::move(value)).first->second;
}

const std::vector<std::string>& LevelValues::last_tasks(const Level& level) {
  const auto [found, fresh] = last_tasks_.try_emplace(&level);
  if (!fresh) return found->second;
  std::unordered_set<std::string_view> needed;
  for (const auto& task : level.tasks)
    if (task.setups.empty())  // what comes after the use does not wait for its teardowns
      for (const auto& need : task.needs) needed.insert(need.text);
  std::vector<std::string> ids;
  for (const auto& task : level.tasks) {
    const std::string& id = task.entry->key;
    if (needed.contains(id) || !task.setups.empty()) continue;
    for (auto& one : ids_needed(level, id)) ids.push_back(std::move(one));
  }
  return last_tasks_[&level] = std::move(ids);
}

bool LevelValues::has_task(const Level& level, std::string_view id) const {
  if (level.find(id) != nullptr) return true;
  for (std::size_t dot = id.find('.'); dot != id.npos; dot = id.find('.', dot + 1)) {
    const LevelTask* use = level.find(id.substr(0, dot));
    if (use != nullptr && use->inner) return has_task(*use->inner, id.substr(dot + 1));
  }
  return false;
}

std::string LevelValues::depends(const Level& level, const YamlNode& node) {
  const auto depends = Depends::parse(node.text);
  if (!depends) return node.text;  // the reader reports it
  std::string text;
  std::size_t from = 0;
  for (const Depends::Term& term : depends->terms()) {
    text += node.text.substr(from, term.offset - from) + depends_term(level, term.name, node.at);
    from = term.offset + term.name.size();
  }
  return text + node.text.substr(from);
}

std::string LevelValues::depends_term(const Level& level, const std::string& name,
                                      const Position& at) {
  const auto meaning =
      Depends::meaning_of(name, [&](std::string_view id) { return has_task(level, id); });
  if (!meaning) return level.prefix + name;  // the reader reports it
  const std::string state = name.substr(meaning->task.size());
  const LevelTask* const task = level.find(meaning->task);
  if (task != nullptr && task->inner && !state.empty() && state != ".success")
    report_once(at, "bad-value",
                "depends: task " + quote(meaning->task) + " uses a template and has no state " +
                    quote(state.substr(1)),
                "name a task in it, such as '" + meaning->task + ".TASK" + state + "'");
  const auto ids = ids_needed(level, meaning->task);
  std::string text;
  for (const auto& id : ids) text += (text.empty() ? "" : " && ") + id + state;
  return ids.size() == 1 ? text : "(" + text + ")";
}

std::vector<std::string> LevelValues::ids_needed(const Level& level, const std::string& id) {
  if (const LevelTask* task = level.find(id))
    return task->inner ? last_tasks(*task->inner) : std::vector{level.prefix + id};
  for (std::size_t dot = id.find('.'); dot != id.npos; dot = id.find('.', dot + 1)) {
    const LevelTask* use = level.find(std::string_view(id).substr(0, dot));
    if (use != nullptr && use->inner) return ids_needed(*use->inner, id.substr(dot + 1));
  }
  return {level.prefix + id};
}

}  // namespace millrace::spec
