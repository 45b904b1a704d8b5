#include "engine/spec/operator_page.h"

#include <algorithm>
#include <cctype>

#include "engine/base/duration.h"
#include "engine/base/number_text.h"

namespace millrace {
namespace {

std::string_view name_of(ParamType type) {
  switch (type) {
    case ParamType::string:
      return "string";
    case ParamType::boolean:
      return "boolean";
    case ParamType::integer:
      return "integer";
    case ParamType::number:
      return "number";
    case ParamType::duration:
      return "duration";
    case ParamType::strings:
      return "list of strings";
    case ParamType::numbers:
      return "list of numbers";
    case ParamType::json:
      return "any";
    case ParamType::mapping:
      return "mapping";
    case ParamType::texts:
      return "mapping of names to text";
  }
  return "any";
}

/// A cell of a table: no bar, no line break.
std::string cell(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '|') out += '\\';
    out += c == '\n' ? ' ' : c;
  }
  return out;
}

std::string code(std::string_view text) {
  std::string out = "`";
  out += cell(text);
  return out += '`';
}

std::string must_be(const ParamInfo& param) {
  if (!param.choices.empty()) {
    std::string out;
    for (const auto& choice : param.choices) out += (out.empty() ? "" : ", ") + code(choice);
    return out;
  }
  std::string out(name_of(param.type));
  if (param.minimum && param.maximum)
    return out + ", " + number_text(*param.minimum) + " to " + number_text(*param.maximum);
  if (param.minimum) out += ", at least " + number_text(*param.minimum);
  if (param.min_duration > Duration::zero())
    out += ", at least " + format_duration(param.min_duration);
  if (param.maximum) out += ", at most " + number_text(*param.maximum);
  return out;
}

std::string default_text(const ParamInfo& param) {
  if (param.required) return "required";
  return param.default_value.is_null() ? "" : code(param.default_value.dump());
}

/// A task's id for the example: the last part of the operator's name.
std::string task_named_after(std::string_view name) {
  return std::string(name.substr(name.rfind('.') + 1));
}

/// Reads as a string though it stands without quotes.
bool is_plain(std::string_view text) {
  for (const char* other : {"true", "false", "null", "yes", "no", "on", "off", "y", "n"})
    if (text == other) return false;
  return !text.empty() && std::isalpha(static_cast<unsigned char>(text.front())) != 0 &&
         text.find_first_not_of(
             "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./-") ==
             std::string_view::npos;
}

/// As a person writes YAML: mappings as blocks, the rest in line.
void append_yaml(std::string& out, const Json& value, int indent) {
  const std::string margin(static_cast<std::size_t>(indent), ' ');
  const auto is_block = [](const Json& v) {
    return (v.is_object() && !v.members().empty()) ||
           (v.is_array() && v.size() > 0 && v.at(0).is_object());
  };
  const auto put = [&](const Json& child) {
    if (is_block(child)) {
      out += '\n';
      append_yaml(out, child, indent + 2);
    } else {
      out += ' ';
      append_yaml(out, child, indent + 2);
      out += '\n';
    }
  };
  if (value.is_object() && is_block(value)) {
    for (const auto& [name, child] : value.members()) {
      out += margin + name + ":";
      put(child);
    }
  } else if (is_block(value)) {
    for (std::size_t i = 0; i < value.size(); ++i) {
      std::string item;
      append_yaml(item, value.at(i), indent + 2);
      item[static_cast<std::size_t>(indent)] = '-';
      out += item;
    }
  } else if (value.is_array()) {
    out += '[';
    for (std::size_t i = 0; i < value.size(); ++i) {
      if (i > 0) out += ", ";
      append_yaml(out, value.at(i), indent);
    }
    out += ']';
  } else {
    out += value.is_string() && is_plain(value.as_view()) ? value.as_string() : value.dump();
  }
}

/// The tasks whose outputs an example reads: "train" of "${{ tasks.train.outputs.model }}".
void collect_upstream(const Json& value, std::vector<std::string>& out) {
  if (value.is_object())
    for (const auto& [name, child] : value.members()) collect_upstream(child, out);
  if (value.is_array())
    for (const auto& child : value.items()) collect_upstream(child, out);
  if (!value.is_string()) return;
  constexpr std::string_view kPrefix = "tasks.";
  const std::string_view text = value.as_view();
  for (auto at = text.find(kPrefix); at != std::string_view::npos; at = text.find(kPrefix, at)) {
    at += kPrefix.size();
    std::string id(text.substr(at, text.find('.', at) - at));
    if (std::ranges::find(out, id) == out.end()) out.push_back(std::move(id));
  }
}

/// "    needs: [train, featurize]\n", or "" if the example reads no other task.
std::string needs_line(const Json& example) {
  std::vector<std::string> upstream;
  collect_upstream(example, upstream);
  std::string names;
  for (const auto& id : upstream) names += (names.empty() ? "" : ", ") + id;
  if (upstream.size() > 1) names = "[" + names + "]";
  return names.empty() ? "" : "    needs: " + names + "\n";
}

/// "Give exactly one of `argv` and `run`."
std::string sentence_of(const ParamRule& rule) {
  std::string out = "Give ";
  out += !rule.at_least_one ? "at most" : rule.at_most_one ? "exactly" : "at least";
  out += " one of ";
  for (std::size_t i = 0; i < rule.names.size(); ++i)
    out += (i == 0 ? "" : i + 1 == rule.names.size() ? " and " : ", ") + code(rule.names[i]);
  return out + ".";
}

std::string first_sentence(std::string_view doc) {
  const std::size_t end = doc.find(". ");
  return std::string(end == std::string_view::npos ? doc : doc.substr(0, end + 1));
}

}  // namespace

Json example_of(const OperatorInfo& info) {
  Json with = Json::object();
  for (const auto& param : info.params) {
    if (!param.example.is_null())
      with.set(param.name, param.example);
    else if (param.required && !param.choices.empty())
      with.set(param.name, param.choices.front());
  }
  return with;
}

std::string operator_page(const OperatorInfo& info) {
  const Json example = example_of(info);
  std::string page = "# " + info.name + "\n\n" + info.doc + "\n\n```yaml\n  " +
                     task_named_after(info.name) + ":\n" + needs_line(example) +
                     "    operator: " + info.name + "\n";
  if (!example.members().empty()) {
    page += "    with:\n";
    append_yaml(page, example, 6);
  }
  page += "```\n";
  if (info.executor == kThreadExecutor)
    page += "\nRuns inside the engine; it needs no runner process.\n";
  if (!info.params.empty()) {
    page += "\n## Parameters\n\n| Name | Meaning | Value | Default |\n|---|---|---|---|\n";
    for (const auto& param : info.params)
      page += "| `" + param.name + "` | " + cell(param.doc) + " | " + must_be(param) + " | " +
              default_text(param) + " |\n";
  }
  for (const auto& rule : info.rules) page += "\n" + sentence_of(rule) + "\n";
  if (!info.outputs.empty()) {
    page += "\n## Outputs\n\n| Name | Meaning |\n|---|---|\n";
    for (const auto& [name, doc] : info.outputs) page += "| `" + name + "` | " + cell(doc) + " |\n";
  }
  return page;
}

std::string operator_index(const Catalog& catalog) {
  std::string page =
      "# Operators\n\nWhat a task can do: `operator` names one, `with` gives its parameters. Where "
      "a "
      "parameter takes a value, it takes an\nexpression `${{ }}` as well. `./run docs` writes "
      "these "
      "pages from what the operators declare.\n\n| Operator | |\n|---|---|\n";
  for (const auto& name : catalog.names())
    page += "| [`" + name + "`](" + name + ".md) | " +
            cell(first_sentence(catalog.find(name)->doc)) + " |\n";
  return page;
}

}  // namespace millrace
