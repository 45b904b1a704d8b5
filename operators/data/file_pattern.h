// Files that a parameter names: a path, or a pattern with * ? [ ].
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "engine/base/result.h"

namespace millrace {

/// The regular files that `pattern` names, sorted; a relative pattern starts at `base` and must not
/// leave it. not_found if there is none.
Result<std::vector<std::filesystem::path>> matching_files(const std::filesystem::path& base,
                                                          const std::string& pattern);

}  // namespace millrace
