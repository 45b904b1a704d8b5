#include "tests/tidy/declarations.h"

#include <algorithm>
#include <array>
#include <cctype>
#include <unordered_map>
#include <utility>

namespace millrace::tidy {
namespace {

template <typename Visit>
void for_each_identifier(std::string_view line, const Visit& visit) {
  for (std::size_t at = 0; at < line.size();) {
    if (!is_identifier(line[at])) {
      ++at;
      continue;
    }
    std::size_t end = at;
    while (end < line.size() && is_identifier(line[end])) ++end;
    if (std::isdigit(static_cast<unsigned char>(line[at])) == 0) visit(line.substr(at, end - at));
    at = end;
  }
}

/// The identifier that ends before `end`, "" if there is none.
std::string name_before(std::string_view line, std::size_t end) {
  while (end > 0 && line[end - 1] == ' ') --end;
  std::size_t begin = end;
  while (begin > 0 && is_identifier(line[begin - 1])) --begin;
  return std::string(line.substr(begin, end - begin));
}

struct Declaration {
  std::string name;
  std::size_t first = 0, last = 0;  // lines, from 0
};

/// What a line in the first column declares; "" if it declares nothing of ours.
std::string name_declared_by(std::string_view line) {
  static constexpr std::array<std::string_view, 6> kNothing = {
      "namespace", "template", "static_assert", "extern \"", "requires", "friend"};
  if (line.empty() || std::isalpha(static_cast<unsigned char>(line[0])) == 0) return "";
  for (const std::string_view word : kNothing)
    if (line.starts_with(word)) return "";
  for (const std::string_view word : {"struct ", "class ", "enum ", "union "}) {
    if (!line.starts_with(word)) continue;
    const std::size_t open = line.find('{');
    if (open == std::string_view::npos || line.find('(') < open) return "";
    std::string_view head = line.substr(0, open);
    head = head.substr(0, head.find(" : "));
    if (head.ends_with(" final ")) head.remove_suffix(7);
    return head.find('<') == std::string_view::npos ? name_before(head, head.size()) : "";
  }
  const std::size_t equals = line.find('=');
  if (line.starts_with("using "))
    return equals == std::string_view::npos ? "" : name_before(line, equals);
  // A constant ends its name with '=', '{', '[' or ';', a function with '('.
  const std::size_t end = line.find_first_of("=({;");
  if (end == std::string_view::npos || end == 0) return "";
  std::string_view head = line.substr(0, end);
  if (head.ends_with("]")) head = head.substr(0, head.rfind('['));
  const std::string name = name_before(head, head.size());
  const bool qualified = head.size() > name.size() + 1 && name_before(head, head.size()) != head &&
                         head[head.size() - name.size() - 1] == ':';
  const bool macro =
      std::ranges::none_of(name, [](unsigned char c) { return std::islower(c) != 0; });
  if (name.empty() || name == head || qualified || macro || name.starts_with("operator")) return "";
  return name;
}

std::vector<Declaration> declarations_of(const SourceFile& file) {
  std::vector<Declaration> found;
  for (std::size_t i = 0; i < file.code.size(); ++i) {
    const std::string name = name_declared_by(file.code[i]);
    if (name.empty()) continue;
    if (i > 0 && file.code[i - 1].starts_with("template <>")) continue;
    // To the line that ends it: a type's mentions of itself do not count.
    std::size_t last = i;
    const auto ends = [&](std::size_t line) {
      const std::string& code = file.code[line];
      const std::size_t end = code.find_last_not_of(' ');
      const bool opens = code.ends_with('{');
      return line == i
                 ? end != std::string::npos && !opens && (code[end] == ';' || code[end] == '}')
                 : code.starts_with('}') || (code.ends_with(';') && !opens &&
                                             file.code[i].find('{') == std::string::npos);
    };
    while (last + 1 < file.code.size() && !ends(last)) ++last;
    found.push_back({name, i, last});
  }
  return found;
}

std::string_view without_ending(std::string_view path) { return path.substr(0, path.rfind('.')); }

struct Header {
  const SourceFile* file;
  std::vector<Declaration> declared;
};

std::vector<Header> headers_of(const Tree& tree) {
  std::vector<Header> headers;
  for (const SourceFile& file : tree.files)
    if (is_header(file.path) && !module_of(file.path).empty())
      headers.push_back({&file, declarations_of(file)});
  return headers;
}

/// Which files mention a declared name, as paths without their ending. Other names are passed over:
/// there are many.
using Users = std::unordered_map<std::string_view, std::vector<std::string_view>>;

Users find_users(const Tree& tree, const std::vector<Header>& headers) {
  Users users;
  for (const Header& header : headers)
    for (const Declaration& one : header.declared) users.try_emplace(one.name);
  for (const SourceFile& file : tree.files) {
    const std::string_view user = without_ending(file.path);
    for (const std::string& line : file.code)
      for_each_identifier(line, [&](std::string_view name) {
        const auto known = users.find(name);
        if (known == users.end()) return;
        auto& all = known->second;
        if (all.empty() || all.back() != user) all.push_back(user);
      });
  }
  return users;
}

bool another_file_uses(const Users& users, const std::string& name, const SourceFile& header) {
  return std::ranges::any_of(
      users.at(name), [&](std::string_view user) { return user != without_ending(header.path); });
}

/// Mentions in lines of the header that do not declare the name themselves.
bool header_uses(const SourceFile& header, const std::vector<Declaration>& declared,
                 const std::string& name) {
  for (std::size_t i = 0; i < header.code.size(); ++i) {
    if (find_word(header.code[i], name) == std::string_view::npos) continue;
    const bool own = std::ranges::any_of(declared, [&](const Declaration& one) {
      return one.name == name && one.first <= i && i <= one.last;
    });
    if (!own && !header.code[i].starts_with("struct " + name + ";") &&
        !header.code[i].starts_with("class " + name + ";"))
      return true;
  }
  return false;
}

}  // namespace

Findings check_declarations_are_used(const Tree& tree) {
  const auto headers = headers_of(tree);
  const Users users = find_users(tree, headers);
  Findings findings;
  for (const auto& [file, declared] : headers)
    for (const Declaration& one : declared)
      if (!another_file_uses(users, one.name, *file) && !header_uses(*file, declared, one.name))
        findings.push_back(finding(*file, static_cast<int>(one.first + 1),
                                   one.name +
                                       " is used by no other file; remove it, or keep it in the "
                                       ".cc alone"));
  return findings;
}

}  // namespace millrace::tidy
