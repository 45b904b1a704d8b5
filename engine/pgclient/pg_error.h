// What PostgreSQL says of a failure, as an Error. Internal to this module.
#pragma once

#include <libpq-fe.h>

#include <string_view>

#include "engine/base/error.h"

namespace millrace::pgclient {

/// "" where the result does not have the field.
std::string_view field_of(const PGresult* result, int code);
/// Of a statement; without a result, of the connection.
Error statement_error(const PGresult* result, const PGconn* connection);
/// Of a connection that was not made.
Error connect_error(const PGconn* connection);

}  // namespace millrace::pgclient
