// Statements of the user in a PostgreSQL database.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "engine/base/json.h"
#include "engine/base/time.h"
#include "engine/pgclient/pg_connection.h"

namespace millrace {

/// Texts as PostgreSQL reads them for whatever type the statement gives the parameter.
Status check_query(std::string_view query);
Result<pgclient::PgParams> bound_params(const Json& values);
/// "query, line 2, column 7: …" where the server names the place. It counts characters from 1.
Error located_in_query(Error error, std::string_view query, std::optional<std::size_t> place);
/// Each of its statements has this limit.
Status begin_transaction(pgclient::PgConnection& database, bool read_only, Duration timeout);

}  // namespace millrace
