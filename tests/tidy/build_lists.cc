#include "tests/tidy/build_lists.h"

#include <algorithm>
#include <iterator>

namespace millrace::tidy {
namespace {

std::string folder_of(std::string_view path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string_view::npos ? "" : std::string(path.substr(0, slash));
}

/// `pattern` may hold one '*', as in file(GLOB …).
bool fits(std::string_view name, std::string_view pattern) {
  const std::size_t star = pattern.find('*');
  if (star == std::string_view::npos) return name == pattern;
  const std::string_view head = pattern.substr(0, star);
  const std::string_view tail = pattern.substr(star + 1);
  return name.size() >= head.size() + tail.size() && name.starts_with(head) &&
         name.ends_with(tail) && name.find('/', star) == std::string_view::npos;
}

/// The words of a CMake list, without its comments and brackets.
std::vector<std::string> cmake_words(const SourceFile& list) {
  std::vector<std::string> words;
  for (const std::string& line : list.lines) {
    std::string code = line.substr(0, line.find('#'));
    std::ranges::replace_if(
        code, [](char c) { return c == '(' || c == ')' || c == '"'; }, ' ');
    std::ranges::move(words_of(code), std::back_inserter(words));
  }
  return words;
}

bool names(const SourceFile& list, std::string_view name) {
  return std::ranges::any_of(cmake_words(list), [&](const auto& word) { return fits(name, word); });
}

bool is_listed(const Tree& tree, const SourceFile& file) {
  for (std::string folder = folder_of(file.path); !folder.empty(); folder = folder_of(folder)) {
    const SourceFile* list = tree.find(folder + "/CMakeLists.txt");
    if (list != nullptr && names(*list, std::string_view(file.path).substr(folder.size() + 1)))
      return true;
  }
  return false;
}

}  // namespace

Findings check_sources_are_built(const Tree& tree) {
  Findings findings;
  for (const SourceFile& file : tree.files) {
    if (!file.path.ends_with(".cc") || is_listed(tree, file)) continue;
    findings.push_back(finding(
        file, 1,
        "is in no target; name it in " + folder_of(file.path) + "/CMakeLists.txt, or remove it"));
  }
  return findings;
}

Findings check_tests_are_run(const Tree& tree) {
  Findings findings;
  for (const SourceFile& file : tree.files) {
    if (!file.path.ends_with("_test.cc")) continue;
    const std::string path = folder_of(file.path) + "/CMakeLists.txt";
    const SourceFile* list = tree.find(path);
    const bool declares = list != nullptr && std::ranges::any_of(list->lines, [](const auto& line) {
                            return line.find("millrace_test(") != line.npos;
                          });
    if (!declares || !names(*list, std::string_view(file.path).substr(path.rfind('/') + 1)))
      findings.push_back(finding(file, 1, "never runs; name it in a millrace_test of " + path));
  }
  return findings;
}

Findings check_golden_labels(const Tree& tree) {
  Findings findings;
  for (const SourceFile& file : tree.files) {
    const bool rewrites = std::ranges::any_of(file.literals, [](const Literal& literal) {
      return literal.text == "MILLRACE_UPDATE_GOLDEN";
    });
    if (!rewrites || file.path.starts_with("tests/tidy/")) continue;
    const SourceFile* list = tree.find(folder_of(file.path) + "/CMakeLists.txt");
    if (list == nullptr || !names(*list, "golden"))
      findings.push_back(finding(file, 1,
                                 "./run golden does not find it; add the label 'golden' in " +
                                     folder_of(file.path) + "/CMakeLists.txt"));
  }
  return findings;
}

}  // namespace millrace::tidy
