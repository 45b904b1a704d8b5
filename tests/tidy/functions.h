// Rules on functions and types: how long a function may be, and that a name means one thing.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "tests/tidy/source.h"

namespace millrace::tidy {

/// long_functions.txt: "path name lines reason…" a line; lines is the most that it may have.
struct LongFunction {
  std::string path, name;
  std::size_t most = 0;
  std::string reason;
};
std::vector<LongFunction> parse_long_functions(std::string_view text);

/// 70 lines from the opening brace to the closing one, or what the list allows; an entry that is no
/// longer needed is a finding too. Tables (`= {`) are not functions.
Findings check_function_lengths(const Tree& tree, const std::vector<LongFunction>& allowed);

/// double_names.txt: "name reason…" a line.
struct DoubleName {
  std::string name, reason;
};
std::vector<DoubleName> parse_double_names(std::string_view text);

/// A header's file name and a type that a header defines occur in one module only, or in the list.
Findings check_names_are_unique(const Tree& tree, const std::vector<DoubleName>& allowed);

}  // namespace millrace::tidy
