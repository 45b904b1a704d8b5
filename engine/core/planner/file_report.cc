#include "engine/core/planner/file_report.h"

#include <algorithm>
#include <filesystem>
#include <utility>
#include <vector>

namespace millrace {

std::string file_name(const std::string& path) {
  return std::filesystem::path(path).filename().string();
}

int common_names(const std::string& a, const std::string& b) {
  const std::filesystem::path left_path(a), right_path(b);
  const std::vector<std::filesystem::path> left(left_path.begin(), left_path.end()),
      right(right_path.begin(), right_path.end());
  const auto differ = std::mismatch(left.rbegin(), left.rend(), right.rbegin(), right.rend());
  return static_cast<int>(differ.first - left.rbegin());
}

Json file_error(const std::string& file, std::string_view code, std::string message,
                std::string_view hint) {
  return Json::array({Json::object({{"file", file},
                                    {"line", 1},
                                    {"column", 1},
                                    {"severity", "error"},
                                    {"message", std::move(message)},
                                    {"hint", hint},
                                    {"code", code}})});
}

Json emptied_error(std::string_view kind, const std::string& what, const std::string& name,
                   const std::string& file) {
  return file_error(file, "undeclared",
                    "the file no longer declares " + what + "; its last valid version is in force",
                    "write '" + std::string(kind) + ": " + name +
                        "' at the top of the file again, or remove the file to retire it");
}

Json twin_error(std::string_view kind, const std::string& what, const std::string& in_force,
                const std::string& twin) {
  return file_error(twin, "duplicate-" + std::string(kind),
                    what + " is declared by " + in_force + " and by " + twin + "; the text of " +
                        in_force + " is in force",
                    "rename one of the two, or remove one of the files");
}

}  // namespace millrace
