// Identifiers: names of namespaces, DAGs, tasks and models, as paths of URLs contain them.
#pragma once

#include <string_view>

namespace millrace {

bool is_valid_id(std::string_view id);
/// What `is_valid_id` accepts, for messages.
inline constexpr std::string_view kIdRule =
    "letters, digits, '_', '-' and '.', a letter or digit first, at most 128";

}  // namespace millrace
