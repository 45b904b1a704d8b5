#include "engine/pgclient/pg_error.h"

#include <array>
#include <string>

namespace millrace::pgclient {
namespace {

struct StateKind {
  std::string_view sqlstate;  // or its class, the first two characters
  ErrorCode code;
};

// The first that fits counts. Appendix A of the manual of PostgreSQL lists the states.
constexpr std::array kKinds = {
    StateKind{"42501", ErrorCode::permission_denied},  // a right is missing
    StateKind{"25006", ErrorCode::permission_denied},  // a write in a read-only transaction
    StateKind{"28", ErrorCode::permission_denied},     // wrong password, no such user
    StateKind{"42P01", ErrorCode::not_found},          // no such table
    StateKind{"3D000", ErrorCode::not_found},          // no such database
    StateKind{"3F000", ErrorCode::not_found},          // no such schema
    StateKind{"57014", ErrorCode::timeout},            // statement_timeout
    StateKind{"55P03", ErrorCode::unavailable},        // lock_timeout
    StateKind{"08", ErrorCode::unavailable},           // connection
    StateKind{"40", ErrorCode::unavailable},           // serialization failure, deadlock
    StateKind{"53", ErrorCode::unavailable},           // disk full, memory, too many connections
    StateKind{"57", ErrorCode::unavailable},           // shutting down, starting, terminated
    StateKind{"58", ErrorCode::unavailable},           // input and output errors of the server
    StateKind{"21", ErrorCode::data_invalid},          // two rows for one key
    StateKind{"22", ErrorCode::data_invalid},          // a value that a column cannot hold
    StateKind{"23", ErrorCode::data_invalid},          // a constraint
};

std::string one_line(std::string_view text) {
  std::string out(text.substr(0, text.find('\n')));
  for (const std::string_view severity : {"ERROR:  ", "FATAL:  "})
    if (out.starts_with(severity)) out.erase(0, severity.size());
  return out;
}

ErrorCode code_of(std::string_view sqlstate) {
  if (sqlstate.empty()) return ErrorCode::unavailable;  // the library noticed it
  for (const StateKind& kind : kKinds)
    if (sqlstate.starts_with(kind.sqlstate)) return kind.code;
  return ErrorCode::invalid_argument;
}

}  // namespace

std::string_view field_of(const PGresult* result, int code) {
  const char* text = PQresultErrorField(result, code);
  return text == nullptr ? std::string_view() : std::string_view(text);
}

Error statement_error(const PGresult* result, const PGconn* connection) {
  std::string message(field_of(result, PG_DIAG_MESSAGE_PRIMARY));
  if (message.empty()) message = one_line(PQerrorMessage(connection));
  if (const auto detail = field_of(result, PG_DIAG_MESSAGE_DETAIL); !detail.empty())
    message += ": " + one_line(detail);
  if (const auto hint = field_of(result, PG_DIAG_MESSAGE_HINT); !hint.empty())
    message += "; " + one_line(hint);
  // "COPY sales, line 3, column amount: …"
  if (const auto context = field_of(result, PG_DIAG_CONTEXT); context.starts_with("COPY "))
    message += " (" + one_line(context) + ")";
  return make_error(code_of(field_of(result, PG_DIAG_SQLSTATE)), "PostgreSQL: " + message);
}

/// A connection that is refused has no SQLSTATE in libpq, only words.
Error connect_error(const PGconn* connection) {
  const std::string message = PQerrorMessage(connection);
  const auto says = [&](const char* words) { return message.find(words) != std::string::npos; };
  ErrorCode code = ErrorCode::unavailable;
  if (says("password") || says("no pg_hba.conf entry") || says("authentication failed") ||
      (says("role \"") && says("does not exist")))
    code = ErrorCode::permission_denied;
  else if (says("database \"") && says("does not exist"))
    code = ErrorCode::not_found;
  return make_error(code, "cannot connect to PostgreSQL: " + one_line(message));
}

}  // namespace millrace::pgclient
