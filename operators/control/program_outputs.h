// What a program hands on: declared files, which become artifacts, and declared values.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/json.h"
#include "engine/base/result.h"
#include "engine/core/outcome.h"
#include "engine/op/context.h"

namespace millrace::operators {

/// What is wrong with the parameter `output_files` or `outputs`, as far as the DAG file alone
/// tells.
std::optional<std::string> check_output_files(const Json& files);
std::optional<std::string> check_output_types(const Json& types);

/// Of the outputs of a task, as JSON.
inline constexpr std::size_t kMaxOutputsBytes = 4u << 20;

/// A file that the program is to write.
struct ProgramOutput {
  std::string name;
  std::filesystem::path path;
  std::string type;           // table, model or file
  std::string format;         // of a table: auto, parquet, csv or jsonl
  std::string variable = {};  // that holds the path in the program's environment; "": none
};

/// The files of `output_files`, below `folder`; makes the folders that they lie in.
Result<std::vector<ProgramOutput>> expect_outputs(const Json& files,
                                                  const std::filesystem::path& folder);

/// Stores the files as artifacts made of `inputs`, and adds their digests to the outputs and their
/// effects. A table is read as ingest.file reads it. Errors name the output, the path and what was
/// expected.
Status store_outputs(OperatorContext& ctx, const std::vector<ProgramOutput>& files,
                     const std::vector<std::string>& inputs, Done& done);

/// How errors say where the values come from.
struct ValueSource {
  std::string_view did_not, did, where;
};
inline constexpr ValueSource kWritten{"the program did not write", "the program wrote",
                                      " to $MILLRACE_OUTPUTS"};
inline constexpr ValueSource kReturned{"the function did not return", "the function returned", ""};

/// data_invalid for a value that is missing or has another type than `types` says.
Status check_values(const Json& values, const Json& types, const ValueSource& source);

}  // namespace millrace::operators
