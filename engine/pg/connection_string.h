// Connection strings: what the user gave, completed with what every connection of ours has.
#pragma once

#include <string>
#include <string_view>

#include "engine/base/result.h"

namespace millrace::pg {

/// Takes a URI (postgresql://…) or key=value text; gives key=value text with timeouts, keep-alives
/// and the application's name where the user set none. The error does not repeat the text, since it
/// may hold a password.
Result<std::string> complete_dsn(std::string_view dsn, std::string_view application);

/// The same connection to another database.
Result<std::string> with_database(std::string_view dsn, std::string_view database);

/// For people and logs: host, port, database and user, never a password.
std::string describe_dsn(std::string_view dsn);

}  // namespace millrace::pg
