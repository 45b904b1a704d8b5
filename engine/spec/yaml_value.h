// A YAML file as plain data: contracts and other files in the folder of DAGs. The one header of
// this module that operators may include.
#pragma once

#include <filesystem>
#include <string_view>

#include "engine/base/json.h"
#include "engine/base/result.h"

namespace millrace {

/// YAML as in DAG files (core schema, no duplicate keys, bounded); JSON is YAML. The error's
/// message holds every diagnostic with file:line:column. not_found if the file cannot be read.
Result<Json> load_yaml_value(const std::filesystem::path& path);

}  // namespace millrace
