// A PostgreSQL database of the user, as parameters of operators name it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "engine/op/context.h"
#include "engine/op/param.h"
#include "engine/pgclient/pg_connection.h"

namespace millrace {

inline constexpr const char* kConnectionDoc =
    "Address of the database without a password, which PGPASSFILE or ~/.pgpass may hold";
inline constexpr const char* kConnectionEnvDoc =
    "Environment variable that holds the address, instead of connection; it may hold a password";

/// For `lint`: a file of a DAG holds no password.
std::optional<TextProblem> check_connection(std::string_view text);

/// Connects to `address`, or to what the environment variable holds.
Result<pgclient::PgConnection> connect_to(OperatorContext& ctx, const std::string& address,
                                          const std::string& variable);

}  // namespace millrace
