// Files that a parameter names: a path, or a pattern with * ? [ ].
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "engine/op/param.h"

namespace millrace {

/// True if the text has one of * ? [.
bool is_file_pattern(std::string_view text);
/// For `lint`: what no folder can cure.
std::optional<TextProblem> check_file_pattern(std::string_view pattern);

/// The regular files that `pattern` names, sorted; a relative pattern starts at `base` and must not
/// leave it. not_found if there is none; invalid_argument if the path names a folder.
Result<std::vector<std::filesystem::path>> matching_files(const std::filesystem::path& base,
                                                          const std::string& pattern);

}  // namespace millrace
