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
/// Writes next to the target, fsyncs, renames and fsyncs the folder: readers see the old or the new
/// text, never half, and on return a power cut does not take the new text away.
Status write_file_atomic(const std::filesystem::path& path, std::string_view text);
/// Writes a file that need not survive a power cut.
Status write_file(const std::filesystem::path& path, std::string_view text);
/// On return the names in the folder survive a power cut.
Status flush_folder(const std::filesystem::path& folder);
/// On return the bytes of the file survive a power cut; its name does if the folder is flushed.
Status flush_file(const std::filesystem::path& file);
/// Makes the folder with all that lead to it, and flushes each folder that got a new name.
Status make_durable_folders(const std::filesystem::path& folder);

}  // namespace millrace
