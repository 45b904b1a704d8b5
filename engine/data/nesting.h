// How deep values may be nested: a bound that is checked before DuckDB builds types of them.
//
// Some of DuckDB's operations on a column of nested lists double their cost with each level, and
// parsers recurse: 66 bytes of brackets would hold a runner for minutes.
#pragma once

#include <filesystem>
#include <string_view>

#include "engine/base/result.h"
#include "engine/data/session.h"

namespace millrace::data {

/// Levels of lists, structs and maps in one column.
inline constexpr int kMaxNesting = 16;

/// Levels of a DuckDB type: BIGINT 0, BIGINT[] 1, STRUCT(a BIGINT[]) 2.
int nesting_of(std::string_view type);

/// data_invalid for a file of more than kMaxNesting levels; it names the file, and of JSON the
/// line. JSON is read once, byte by byte; of Parquet only the footer. Text after decompression.
Status check_json_nesting(const std::filesystem::path& file);
Status check_parquet_nesting(Session& session, const std::filesystem::path& file);

}  // namespace millrace::data
