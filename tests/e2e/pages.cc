#include "tests/e2e/pages.h"

#include <filesystem>
#include <regex>
#include <sstream>

#include "engine/base/file.h"

namespace millrace::e2e {
namespace {

namespace fs = std::filesystem;

/// Words as a shell would see them, up to a comment or to what the shell does with the output.
std::vector<std::string> shell_words(const std::string& line) {
  static const std::regex kWord(R"re("([^"]*)"|'([^']*)'|([^\s"']+))re");
  std::vector<std::string> words;
  for (std::sregex_iterator at(line.begin(), line.end(), kWord), end; at != end; ++at) {
    const std::smatch& match = *at;
    if (!match[3].matched) {
      words.push_back(match[1].str() + match[2].str());
      continue;
    }
    const std::string word = match[3].str();
    if (word.starts_with("#") || word == ">" || word == "|" || word == "&&") break;
    words.push_back(word);
  }
  return words;
}

void add_commands(const fs::path& path, std::vector<ShownCommand>& commands) {
  const fs::path root = MILLRACE_SOURCE_DIR;
  std::istringstream text(read_file(root / path, 1 << 24).value_or(""));
  bool fenced = false, script = false;
  int number = 0;
  for (std::string line; std::getline(text, line);) {
    ++number;
    if (line.starts_with("```")) {
      fenced = !fenced;
      script = line == "```sh";
    }
    if (!fenced) continue;
    auto words = shell_words(line);
    if (words.empty() || (words[0] != "millrace" && !words[0].ends_with("/millrace"))) continue;
    words.erase(words.begin());
    commands.push_back({path.string() + ":" + std::to_string(number), std::move(words), script});
  }
}

std::vector<std::string> matches(const std::string& text, const std::regex& pattern) {
  std::vector<std::string> found;
  for (std::sregex_iterator at(text.begin(), text.end(), pattern), end; at != end; ++at)
    found.push_back((*at)[1].str());
  return found;
}

}  // namespace

std::string ShownCommand::verb() const {
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i] == "--state" || words[i] == "--db" || words[i] == "--url" ||
        words[i] == "--ca-file")
      ++i;  // and its value
    else if (!words[i].starts_with("-"))
      return words[i];
  }
  return "";
}

std::vector<ShownCommand> shown_commands() {
  std::vector<ShownCommand> commands;
  const fs::path root = MILLRACE_SOURCE_DIR;
  for (const char* page : {"README.md", "CONTRIBUTING.md"}) add_commands(page, commands);
  for (const auto& entry : fs::recursive_directory_iterator(root / "docs"))
    if (entry.path().extension() == ".md") add_commands(fs::relative(entry.path(), root), commands);
  return commands;
}

std::vector<std::string> options_in_help(const std::string& help) {
  static const std::regex kOption(R"((?:^|\n)  (-[^ ]+))");
  static const std::regex kEach(R"((?:^|,)(-[a-z-]+))");
  std::vector<std::string> options;
  for (const auto& names : matches(help, kOption))
    for (auto& name : matches(names, kEach)) options.push_back(std::move(name));
  return options;
}

std::vector<std::string> options_in_page(const std::string& section) {
  static const std::regex kOption(R"(`(-[a-z-]+)[^`]*`)");
  return matches(section, kOption);
}

std::string section_of(const std::string& page, const std::string& title) {
  const std::string heading = "\n## " + title + "\n";
  const std::size_t begin = page.find(heading);
  if (begin == std::string::npos) return "";
  const std::size_t body = begin + heading.size();
  return page.substr(body, page.find("\n## ", body) - body);
}

}  // namespace millrace::e2e
