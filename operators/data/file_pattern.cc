#include "operators/data/file_pattern.h"

#include <glob.h>

#include <memory>

namespace millrace {
namespace fs = std::filesystem;

namespace {

/// Where the set ends that begins with the '[' at `start`, as glob(3) reads it; npos: nowhere.
std::size_t end_of_set(std::string_view pattern, std::size_t start) {
  std::size_t i = start + 1;
  if (i < pattern.size() && (pattern[i] == '!' || pattern[i] == '^')) ++i;
  // A ']' at the begin is a member of the set.
  for (std::size_t at = i; at < pattern.size() && pattern[at] != '/'; ++at) {
    if (pattern[at] == '\\')
      ++at;
    else if (pattern[at] == ']' && at > i)
      return at;
  }
  return std::string_view::npos;
}

/// Of the first '[' that no ']' follows.
std::optional<std::size_t> unclosed_set(std::string_view pattern) {
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == '\\') {
      ++i;
    } else if (pattern[i] == '[') {
      const std::size_t start = i;
      i = end_of_set(pattern, start);
      if (i == std::string_view::npos) return start;
    }
  }
  return std::nullopt;
}

}  // namespace

bool is_file_pattern(std::string_view text) {
  return text.find_first_of("*?[") != std::string_view::npos;
}

std::optional<TextProblem> check_file_pattern(std::string_view pattern) {
  if (pattern.empty()) return TextProblem{"path is empty", {}};
  if (pattern.find('\0') != std::string_view::npos) return TextProblem{"path holds a NUL byte", {}};
  const std::string quoted = "path '" + std::string(pattern) + "'";
  const fs::path normal = fs::path(pattern).lexically_normal();
  if (normal.is_relative() && !normal.empty() && *normal.begin() == "..")
    return TextProblem{quoted + " leaves the DAG file's folder; give an absolute path instead", {}};
  if (const auto place = unclosed_set(pattern))
    return TextProblem{quoted + " has a '[' without a ']'; write \\[ for the character itself",
                       place};
  return std::nullopt;
}

Result<std::vector<fs::path>> matching_files(const fs::path& base, const std::string& pattern) {
  if (const auto problem = check_file_pattern(pattern)) return invalid_argument(problem->message);
  fs::path full = pattern;
  if (full.is_relative()) full = base / full.lexically_normal();
  std::error_code unseen;  // then it is no folder
  if (!is_file_pattern(pattern) && fs::is_directory(full, unseen))
    return invalid_argument("path '" + pattern + "' is a folder; name a file, or its files as '" +
                            (fs::path(pattern) / "*").string() + "'");
  glob_t found{};
  const std::unique_ptr<glob_t, void (*)(glob_t*)> release(&found, ::globfree);
  const int status = ::glob(full.c_str(), 0, nullptr, &found);
  if (status != 0 && status != GLOB_NOMATCH)
    return unavailable("cannot look for '" + full.string() + "'");
  std::vector<fs::path> files;
  for (std::size_t i = 0; status == 0 && i < found.gl_pathc; ++i) {
    std::error_code ignored;
    if (fs::is_regular_file(found.gl_pathv[i], ignored)) files.emplace_back(found.gl_pathv[i]);
  }
  if (files.empty()) return not_found("no file matches '" + full.string() + "'");
  return files;
}

}  // namespace millrace
