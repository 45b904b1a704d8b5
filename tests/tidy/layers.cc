#include "tests/tidy/layers.h"

#include <algorithm>
#include <fstream>
#include <functional>
#include <iterator>
#include <stdexcept>

namespace millrace::tidy {
namespace {

std::string join(const std::set<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : " ") + name;
  return text;
}

/// tests, bench and examples see everything.
bool is_bound(const SourceFile& file) { return is_cxx(file.path) && !module_of(file.path).empty(); }

bool starts_with_folder(std::string_view path) {
  for (const std::string_view top : {"engine/", "operators/", "web/", "tests/", "bench/"})
    if (path.starts_with(top)) return true;
  return false;
}

}  // namespace

bool Layers::allows(const std::string& from, const std::string& to, std::string_view header) const {
  if (from == to) return true;
  const auto row = modules.find(from);
  if (row == modules.end()) return false;
  const std::string_view name = header.substr(header.starts_with("engine/") ? 7 : 0);
  return (row->second.contains("*") && to != "app") || row->second.contains(to) ||
         row->second.contains(std::string(name));
}

bool Layers::allows_link(const std::string& from, const std::string& to) const {
  const auto row = modules.find(from);
  return allows(from, to, to) ||
         (row != modules.end() && std::ranges::any_of(row->second, [&](const std::string& used) {
            return used.starts_with(to + "/");
          }));
}

std::string Layers::library_of(std::string_view header) const {
  std::string best;
  for (const auto& [prefix, where] : libraries)
    if (header.starts_with(prefix) && prefix.size() > best.size()) best = prefix;
  return best;
}

bool Layers::is_system(std::string_view header) const {
  if (header.find_first_of("./") == std::string_view::npos) return true;
  return std::ranges::any_of(system, [&](const std::string& name) {
    return name.ends_with('/') ? header.starts_with(name) : header == name;
  });
}

Layers parse_layers(std::string_view text) {
  Layers layers;
  std::string section;
  for (const std::string& line : make_source("layers.txt", text).lines) {
    if (line.empty() || line.front() == '#') continue;
    if (line.front() == '[') {
      section = line;
    } else if (section == "[system]") {
      for (std::string& word : words_of(line)) layers.system.push_back(std::move(word));
    } else {
      const std::size_t colon = line.find(':');
      if (colon == std::string::npos) throw std::runtime_error("layers.txt: no ':' in " + line);
      const std::vector<std::string> words = words_of(std::string_view(line).substr(colon + 1));
      auto& table = section == "[modules]" ? layers.modules : layers.libraries;
      table[line.substr(0, colon)] = {words.begin(), words.end()};
    }
  }
  return layers;
}

const Layers& project_layers() {
  static const Layers layers = [] {
    std::ifstream in(MILLRACE_SOURCE_DIR "/tests/tidy/layers.txt");
    return parse_layers(std::string{std::istreambuf_iterator<char>(in), {}});
  }();
  return layers;
}

Findings check_table_is_acyclic(const Layers& layers) {
  Findings findings;
  std::map<std::string, int> colour;  // 1: being visited, 2: done
  const std::function<void(const std::string&)> visit = [&](const std::string& module) {
    colour[module] = 1;
    const auto row = layers.modules.find(module);
    for (const std::string& name :
         row == layers.modules.end() ? std::set<std::string>{} : row->second) {
      if (name == "*") continue;
      const std::string used = name.substr(0, name.find('/'));
      if (!layers.modules.contains(used))
        findings.push_back("tests/tidy/layers.txt: " + module + " uses '" + used +
                           "', which has no row");
      else if (colour[used] == 1)
        findings.push_back("tests/tidy/layers.txt: " + module + " and " + used + " use each other");
      else if (colour[used] == 0)
        visit(used);
    }
    colour[module] = 2;
  };
  for (const auto& [module, uses] : layers.modules)
    if (colour[module] == 0) visit(module);
  return findings;
}

Findings check_table_is_documented(const Layers& layers, const SourceFile& page) {
  Findings findings;
  std::set<std::string> documented;
  for (std::size_t i = 0; i < page.lines.size(); ++i) {
    const std::string& line = page.lines[i];
    const bool engine = line.starts_with("| `engine/");
    if (!engine && !line.starts_with("| `operators/`")) continue;
    const std::size_t name_at = line.find('`') + 1;
    const std::string name = line.substr(name_at, line.find('`', name_at) - name_at);
    const std::string module = engine ? name.substr(7) : "operators";
    const std::size_t end = line.find_last_of('|');
    const std::size_t begin = line.find_last_of('|', end - 1) + 1;
    std::set<std::string> uses;
    for (const std::string& word : words_of(std::string_view(line).substr(begin, end - begin)))
      if (word != "–") uses.insert(word == "everything" ? "*" : word);
    documented.insert(module);
    const auto row = layers.modules.find(module);
    if (row == layers.modules.end() || row->second != uses)
      findings.push_back(finding(page, static_cast<int>(i + 1),
                                 "the row of '" + module +
                                     "' differs from tests/tidy/layers.txt (" +
                                     (row == layers.modules.end() ? "no row" : join(row->second)) +
                                     "); change both in one commit"));
  }
  for (const auto& [module, uses] : layers.modules)
    if (!documented.contains(module))
      findings.push_back(
          finding(page, 1, "has no row for '" + module + "' of tests/tidy/layers.txt; add it"));
  return findings;
}

Findings check_includes(const Layers& layers, const Tree& tree) {
  Findings findings;
  for (const SourceFile& file : tree.files) {
    if (is_cxx(file.path)) {
      for (const Include& include : file.includes)
        if (include.quoted && !starts_with_folder(include.target) &&
            layers.library_of(include.target).empty())
          findings.push_back(finding(file, include.line,
                                     "\"" + include.target +
                                         "\" is no path from the repo's root; write \"engine/…/" +
                                         include.target + "\""));
    }
    if (!is_bound(file)) continue;
    const std::string from = module_of(file.path);
    if (!layers.modules.contains(from)) {
      findings.push_back(finding(
          file, 1,
          "module '" + from +
              "' has no row in tests/tidy/layers.txt; add one there and in docs/architecture.md"));
      continue;
    }
    for (const Include& include : file.includes) {
      if (!starts_with_folder(include.target)) continue;
      const std::string to = module_of(include.target);
      if (to.empty())
        findings.push_back(
            finding(file, include.line,
                    "the product includes " + include.target + "; only tests and bench may"));
      else if (!layers.allows(from, to, include.target))
        findings.push_back(
            finding(file, include.line,
                    from + " may not include " + include.target +
                        " (it may use: " + join(layers.modules.at(from)) +
                        "); move the shared part down, or hand it in from engine/app"));
    }
  }
  return findings;
}

Findings check_permissions_are_used(const Layers& layers, const Tree& tree) {
  std::set<std::pair<std::string, std::string>> used;  // module, what it includes
  for (const SourceFile& file : tree.files) {
    if (!is_bound(file)) continue;
    for (const Include& include : file.includes) {
      const std::string to = module_of(include.target);
      if (to.empty()) continue;
      used.emplace(module_of(file.path), to);
      used.emplace(module_of(file.path), include.target.substr(include.target.find('/') + 1));
    }
  }
  Findings findings;
  for (const auto& [module, row] : layers.modules)
    for (const std::string& permission : row)
      if (permission != "*" && !used.contains({module, permission}))
        findings.push_back("tests/tidy/layers.txt: no file of " + module + " includes " +
                           permission + "; remove the permission");
  return findings;
}

Findings check_links(const Layers& layers, const Tree& tree) {
  Findings findings;
  for (const SourceFile& file : tree.files) {
    if (!file.path.ends_with("CMakeLists.txt") || module_of(file.path).empty()) continue;
    const std::string from = module_of(file.path);
    bool in_uses = false;
    for (std::size_t i = 0; i < file.lines.size(); ++i) {
      std::string line = file.lines[i].substr(0, file.lines[i].find('#'));
      std::ranges::replace(line, '(', ' ');
      const bool closes = line.find(')') != std::string::npos;
      std::ranges::replace(line, ')', ' ');
      for (const std::string& word : words_of(line)) {
        if (word == "USES" || word == "SOURCES" || word == "LIBS") {
          in_uses = word == "USES";
        } else if (in_uses && word.front() != '$' && !layers.allows_link(from, word)) {
          findings.push_back(
              finding(file, static_cast<int>(i + 1),
                      from + " may not link " + word + "; see tests/tidy/layers.txt"));
        }
      }
      if (closes) in_uses = false;
    }
  }
  return findings;
}

Findings check_libraries(const Layers& layers, const Tree& tree) {
  Findings findings;
  for (const SourceFile& file : tree.files) {
    if (!is_bound(file)) continue;
    const std::string module = module_of(file.path);
    for (const Include& include : file.includes) {
      if (starts_with_folder(include.target)) continue;
      const std::string library = layers.library_of(include.target);
      if (!library.empty() && !layers.libraries.at(library).contains(module))
        findings.push_back(finding(file, include.line,
                                   "<" + include.target + "> stays in " +
                                       join(layers.libraries.at(library)) +
                                       "; reach it through that module's own header"));
      else if (library.empty() && !include.quoted && !layers.is_system(include.target))
        findings.push_back(
            finding(file, include.line,
                    "<" + include.target +
                        "> is of no library in tests/tidy/layers.txt; give it a module there and "
                        "a reason in docs/dependencies.md"));
    }
  }
  return findings;
}

Findings check_public_headers(const Layers& layers, const Tree& tree) {
  // heavy: header → the library that it drags in, by itself or through a header of its module.
  std::map<std::string, std::string> heavy;
  for (bool grown = true; grown;) {
    grown = false;
    for (const SourceFile& file : tree.files) {
      if (!is_bound(file) || !is_header(file.path) || heavy.contains(file.path)) continue;
      for (const Include& include : file.includes) {
        const std::string library = heavy.contains(include.target)
                                        ? heavy.at(include.target)
                                        : layers.library_of(include.target);
        if (library.empty()) continue;
        heavy[file.path] = library;
        grown = true;
        break;
      }
    }
  }
  Findings findings;
  for (const SourceFile& file : tree.files) {
    if (!is_bound(file)) continue;
    for (const Include& include : file.includes)
      if (heavy.contains(include.target) && module_of(include.target) != module_of(file.path))
        findings.push_back(finding(file, include.line,
                                   include.target + " drags " + heavy.at(include.target) +
                                       "… into another module; keep that library in a .cc of " +
                                       module_of(include.target) +
                                       " behind plain types or a pimpl"));
  }
  return findings;
}

}  // namespace millrace::tidy
