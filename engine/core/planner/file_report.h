// What the planner says of files, and how it chooses among files that declare the same.
#pragma once

#include <string>
#include <string_view>

#include "engine/base/json.h"

namespace millrace {

std::string file_name(const std::string& path);
/// How many names at their ends two paths have in common.
int common_names(const std::string& a, const std::string& b);
/// The one error of a file, in the form of its diagnostics.
Json file_error(const std::string& file, std::string_view code, std::string message,
                std::string_view hint);
/// Of a file that declared a resource before, and now declares nothing.
Json emptied_error(std::string_view kind, const std::string& what, const std::string& name,
                   const std::string& file);
/// Of a file whose resource another file, which is in force, declares as well.
Json twin_error(std::string_view kind, const std::string& what, const std::string& in_force,
                const std::string& twin);

}  // namespace millrace
