// Files of tables: which format a file has, and Parquet as a relation for a FROM clause. CSV and
// JSON are read by TextTable.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"

namespace millrace::data {

enum class Format { csv, jsonl, parquet };
std::string_view to_string(Format format);
/// "auto" judges by the name without .gz and .zst, then by the first characters of the decompressed
/// text. data_invalid for what is no table: a page of HTML, a ZIP archive, and, under "auto", JSON
/// in a file whose name says CSV and the reverse.
Result<Format> format_of(std::string_view name, const std::filesystem::path& file);

/// The relation of one Parquet file, an artifact for instance.
std::string parquet_relation(const std::filesystem::path& file);
/// ['a.parquet', 'b.parquet']
std::string file_list(const std::vector<std::filesystem::path>& files);

/// A session's error about Parquet files made plain, with code data_invalid. Other errors come back
/// as they are.
Error explain_read_error(Error error, Format format);

}  // namespace millrace::data
