// The rows of a table artifact as every operator reads them: a NaN is a null.
//
// Parquet files of other programs (pandas writes its missing values so) and expressions such as
// 0.0 / 0.0 give NaN. In SQL it is the largest number: `v > 1` would be true, and a mean NaN.
#pragma once

#include <filesystem>
#include <string>

#include "engine/base/result.h"
#include "engine/data/session.h"

namespace millrace::data {

/// `relation` with every NaN of its FLOAT and DOUBLE columns replaced by null; itself where it has
/// no such column.
Result<std::string> nan_as_null(Session& session, const std::string& relation);
/// The same of one Parquet file.
Result<std::string> table_relation(Session& session, const std::filesystem::path& parquet);
/// The same of a Parquet relation, with the column kRowNumber in front: the number of the row in
/// the file, from 0.
Result<std::string> numbered(Session& session, const std::string& parquet);
inline constexpr const char* kRowNumber = "__millrace_row";

}  // namespace millrace::data
