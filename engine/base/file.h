// Small whole files: configuration, SQL fixtures, golden texts. Not for data.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <string_view>

#include "engine/base/result.h"

namespace millrace {

/// Refuses anything longer than `max_bytes`, without reading it.
Result<std::string> read_file(const std::filesystem::path& path, std::size_t max_bytes);
/// Writes beside the target, fsyncs and renames: readers see the old or the new text, never half.
Status write_file_atomic(const std::filesystem::path& path, std::string_view text);

}  // namespace millrace
