// Reading tables from files: CSV, JSON lines, Parquet as a relation for a FROM clause.
//
// CSV has a header line and double quotes; the separator is the one of , ; tab | that the header
// holds most of. Column types are found from the first 20,480 rows unless given.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/json.h"
#include "engine/base/result.h"

namespace millrace::data {

enum class Format { csv, jsonl, parquet };
std::string_view to_string(Format format);
/// "auto" judges by the file's first bytes and its name.
Result<Format> format_of(std::string_view name, const std::filesystem::path& file);

struct ScanOptions {
  std::vector<std::filesystem::path> files{};  // at least one; all of one format
  Format format = Format::parquet;
  Json types{};  // {"column": "BIGINT"}, of CSV only: others know their types; may be null
};

/// e.g. read_csv(['a.csv'], header = true, …). Rows come in the order of `files`, then of lines;
/// columns are matched by name.
Result<std::string> scan_relation(const ScanOptions& options);
/// The relation of one Parquet file, an artifact for instance.
std::string parquet_relation(const std::filesystem::path& file);

/// A session's error about a text file made plain: "sales.csv:3: column "amount": 'oops' is no
/// DOUBLE", with code data_invalid. Other errors come back as they are.
Error explain_read_error(Error error, const ScanOptions& options);

}  // namespace millrace::data
