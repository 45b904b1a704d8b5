#include "operators/data/file_pattern.h"

#include <glob.h>

#include <memory>

namespace millrace {
namespace fs = std::filesystem;

Result<std::vector<fs::path>> matching_files(const fs::path& base, const std::string& pattern) {
  if (pattern.empty()) return invalid_argument("path is empty");
  if (pattern.find('\0') != std::string::npos) return invalid_argument("path holds a NUL byte");
  fs::path full = pattern;
  if (full.is_relative()) {
    const fs::path normal = full.lexically_normal();
    if (!normal.empty() && *normal.begin() == "..")
      return invalid_argument("path '" + pattern +
                              "' leaves the DAG file's folder; give an absolute path instead");
    full = base / normal;
  }
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
