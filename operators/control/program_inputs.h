// Artifacts that a program reads, each as a file of its own.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/json.h"
#include "engine/base/result.h"
#include "engine/op/context.h"

namespace millrace::operators {

/// What is wrong with the parameter `tables` or `files`, as far as the DAG file alone tells.
std::optional<std::string> check_tables(const Json& tables);
std::optional<std::string> check_files(const Json& files);

struct ProgramInput {
  std::string name;
  std::filesystem::path path;
  std::string type;    // table or file
  std::string format;  // of a table: parquet, csv or jsonl; "" of a file
  std::string digest;  // of the artifact
};

/// Copies the artifacts into `folder`, which it makes. The program may do with the copies as it
/// likes: the store's files stay as they are. Errors name the input.
Result<std::vector<ProgramInput>> place_inputs(OperatorContext& ctx, const Json& tables,
                                               const Json& files,
                                               const std::filesystem::path& folder);

}  // namespace millrace::operators
