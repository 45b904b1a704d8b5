// Who may include whom: modules by the table of layers.txt, libraries only in their module and not
// in headers that other modules read.
#pragma once

#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "tests/tidy/source.h"

namespace millrace::tidy {

struct Layers {
  std::map<std::string, std::set<std::string>> modules;  // module → modules, headers it may use
  std::map<std::string, std::set<std::string>>
      libraries;                    // header prefix → modules it may stand in
  std::vector<std::string> system;  // header names, or prefixes ending in '/'

  /// "*" in the row of `from` allows all but app; a module may always use itself. `header` as
  /// included, e.g. "engine/core/effect.h": a row may open a single header of a module.
  bool allows(const std::string& from, const std::string& to, std::string_view header) const;
  /// May link all or some of it.
  bool allows_link(const std::string& from, const std::string& to) const;
  /// The longest prefix that fits `header`, or "".
  std::string library_of(std::string_view header) const;
  bool is_system(std::string_view header) const;
};

/// Throws on a line it cannot read.
Layers parse_layers(std::string_view text);
/// layers.txt beside this file.
const Layers& project_layers();

Findings check_table_is_acyclic(const Layers& layers);
/// The table of docs/architecture.md has the same rows.
Findings check_table_is_documented(const Layers& layers, const SourceFile& page);
Findings check_includes(const Layers& layers, const Tree& tree);
/// A permission that no include uses is removed.
Findings check_permissions_are_used(const Layers& layers, const Tree& tree);
/// USES of each millrace_module in CMake.
Findings check_links(const Layers& layers, const Tree& tree);
Findings check_libraries(const Layers& layers, const Tree& tree);
/// A header that includes a library's header is private to its module.
Findings check_public_headers(const Layers& layers, const Tree& tree);

}  // namespace millrace::tidy
