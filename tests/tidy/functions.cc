#include "tests/tidy/functions.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <stdexcept>

namespace millrace::tidy {
namespace {

constexpr std::size_t kFunctionLines = 70;

std::size_t indent_of(std::string_view line) {
  return std::min(line.find_first_not_of(' '), line.size());
}

std::string_view trimmed(std::string_view line) {
  line.remove_prefix(indent_of(line));
  while (!line.empty() && line.back() == ' ') line.remove_suffix(1);
  return line;
}

/// The identifier in front of the first '(' of a statement, "" if there is none.
std::string name_before_parenthesis(std::string_view statement) {
  const std::size_t open = statement.find('(');
  if (open == std::string_view::npos || open == 0) return {};
  std::size_t end = open;
  while (end > 0 && statement[end - 1] == ' ') --end;
  std::size_t begin = end;
  while (begin > 0 && is_identifier(statement[begin - 1])) --begin;
  return std::string(statement.substr(begin, end - begin));
}

/// Whether `statement`, which ends with '{', opens the body of a function.
bool opens_function(std::string_view statement) {
  static constexpr std::array<std::string_view, 10> kOthers = {
      "namespace", "struct", "class", "enum", "union", "extern", "if", "for", "switch", "while"};
  if (statement.find('(') == std::string_view::npos) return false;
  const std::string_view first = statement.substr(0, statement.find_first_of(" ("));
  if (std::ranges::find(kOthers, first) != kOthers.end()) return false;
  std::string_view head = trimmed(statement.substr(0, statement.size() - 1));
  // A table: "auto kRows = std::array{", "return Row{".
  return !head.empty() && !head.starts_with("return") &&
         (head.back() == ')' || head.ends_with("const") || head.ends_with("noexcept") ||
          head.ends_with("override") || head.find(") -> ") != std::string_view::npos);
}

struct Function {
  std::string name;
  std::size_t first = 0, lines = 0;  // first: of the opening brace, from 0
};

/// Functions as clang-format lays them out: the body ends with a '}' in the column where the
/// statement began. Members of classes at the top level are found too.
std::vector<Function> functions_of(const SourceFile& file) {
  std::vector<Function> found;
  for (std::size_t i = 0; i < file.code.size(); ++i) {
    const std::string_view line = file.code[i];
    if (!trimmed(line).ends_with('{')) continue;
    std::size_t first = i;  // of the statement: back to the line after the one that ends another
    while (first > 0) {
      const std::string_view before = trimmed(file.code[first - 1]);
      if (before.empty() || before.find_last_of(";{}:#>") == before.size() - 1) break;
      --first;
    }
    const std::size_t indent = indent_of(file.code[first]);
    if (indent > 2) continue;
    std::string statement;
    for (std::size_t k = first; k <= i; ++k) statement += std::string(trimmed(file.code[k])) + " ";
    statement.pop_back();
    if (!opens_function(statement) || name_before_parenthesis(statement).empty()) continue;
    std::size_t end = i + 1;
    while (end < file.code.size() &&
           (indent_of(file.code[end]) != indent || !trimmed(file.code[end]).starts_with('}')))
      ++end;
    found.push_back({name_before_parenthesis(statement), i, end - i + 1});
  }
  return found;
}

/// The name of a type that this line defines; "" if it defines none.
std::string type_defined_by(std::string_view line) {
  if (!trimmed(line).ends_with('{') || indent_of(line) != 0) return {};
  std::vector<std::string> words = words_of(line);
  if (words.empty() || (words[0] != "struct" && words[0] != "class" && words[0] != "enum"))
    return {};
  std::size_t at = 1;
  if (words.size() > 1 && words[1] == "class") at = 2;
  if (at < words.size() && words[at] == "[[nodiscard]]") ++at;
  if (at >= words.size() || words[at] == "{") return {};
  const std::string& name = words[at];
  return std::ranges::all_of(name, is_identifier) ? name : std::string();
}

std::string_view file_name(std::string_view path) { return path.substr(path.rfind('/') + 1); }

bool is_specialisation(const SourceFile& file, std::size_t line) {
  return line > 0 && trimmed(file.code[line - 1]).starts_with("template <>");
}

}  // namespace

std::vector<LongFunction> parse_long_functions(std::string_view text) {
  std::vector<LongFunction> list;
  for (const std::string& line : make_source("long_functions.txt", text).lines) {
    const auto words = words_of(line);
    if (words.empty() || words[0].starts_with('#')) continue;
    if (words.size() < 4) throw std::runtime_error("long_functions.txt: cannot read: " + line);
    LongFunction entry{words[0], words[1], std::stoul(words[2]), words[3]};
    for (std::size_t i = 4; i < words.size(); ++i) entry.reason += " " + words[i];
    list.push_back(std::move(entry));
  }
  return list;
}

Findings check_function_lengths(const Tree& tree, const std::vector<LongFunction>& allowed) {
  Findings findings;
  std::set<const LongFunction*> needed;
  for (const SourceFile& file : tree.files) {
    if (!is_cxx(file.path)) continue;
    for (const Function& function : functions_of(file)) {
      if (function.lines <= kFunctionLines) continue;
      const auto entry = std::ranges::find_if(allowed, [&](const LongFunction& one) {
        return one.path == file.path && one.name == function.name;
      });
      if (entry != allowed.end()) needed.insert(&*entry);
      if (entry == allowed.end() || function.lines > entry->most)
        findings.push_back(
            finding(file, static_cast<int>(function.first + 1),
                    function.name + " has " + std::to_string(function.lines) + " lines; at most " +
                        std::to_string(entry == allowed.end() ? kFunctionLines : entry->most) +
                        " fit: split it"));
    }
  }
  for (const LongFunction& entry : allowed)
    if (!needed.contains(&entry))
      findings.push_back("tests/tidy/long_functions.txt: " + entry.path + " " + entry.name +
                         " needs no entry any more; remove it");
  return findings;
}

std::vector<DoubleName> parse_double_names(std::string_view text) {
  std::vector<DoubleName> list;
  for (const std::string& line : make_source("double_names.txt", text).lines) {
    const auto words = words_of(line);
    if (words.empty() || words[0].starts_with('#')) continue;
    if (words.size() < 2) throw std::runtime_error("double_names.txt: no reason: " + line);
    DoubleName entry{words[0], words[1]};
    for (std::size_t i = 2; i < words.size(); ++i) entry.reason += " " + words[i];
    list.push_back(std::move(entry));
  }
  return list;
}

Findings check_names_are_unique(const Tree& tree, const std::vector<DoubleName>& allowed) {
  std::map<std::string, std::pair<std::string, std::string>> first;  // name → module, path
  std::set<std::string> twice;
  Findings findings;
  const auto note = [&](const SourceFile& file, std::size_t line, const std::string& name) {
    const auto [known, fresh] = first.try_emplace(name, module_of(file.path), file.path);
    if (fresh || known->second.first == module_of(file.path)) return;
    twice.insert(name);
    if (std::ranges::find(allowed, name, &DoubleName::name) == allowed.end())
      findings.push_back(finding(file, static_cast<int>(line + 1),
                                 "the name '" + name + "' is in " + known->second.second +
                                     " as well; give one of them a name of its own"));
  };
  for (const SourceFile& file : tree.files) {
    if (!is_header(file.path) || module_of(file.path).empty()) continue;
    note(file, 0, std::string(file_name(file.path)));
    for (std::size_t i = 0; i < file.code.size(); ++i)
      if (const std::string type = type_defined_by(file.code[i]);
          !type.empty() && !is_specialisation(file, i))
        note(file, i, type);
  }
  for (const DoubleName& entry : allowed)
    if (!twice.contains(entry.name))
      findings.push_back("tests/tidy/double_names.txt: " + entry.name +
                         " needs no entry any more; remove it");
  return findings;
}

}  // namespace millrace::tidy
