// The command lines that the pages show, as a reader would type them.
#pragma once

#include <string>
#include <vector>

namespace millrace::e2e {

/// A line of a fenced block that starts with `millrace` or a path to it.
struct ShownCommand {
  std::string place;               // "docs/cli.md:12"
  std::vector<std::string> words;  // after the program's name; quotes and comments are gone
  bool script = false;             // part of a ```sh block, which page_scripts_test.cc runs

  /// The first word that is not an option; "" if there is none.
  std::string verb() const;
};

/// Of README.md, CONTRIBUTING.md and every page below docs/.
std::vector<ShownCommand> shown_commands();

/// The options that a text names, e.g. {"--json", "-p"}: in the help of a verb, or in a page where
/// each stands between backticks.
std::vector<std::string> options_in_help(const std::string& help);
std::vector<std::string> options_in_page(const std::string& section);

/// What stands on `page` below the heading "## title", up to the next such heading; "" if none
/// does.
std::string section_of(const std::string& page, const std::string& title);

}  // namespace millrace::e2e
