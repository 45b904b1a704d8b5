#include "engine/pg/failure.h"

#include <algorithm>
#include <array>
#include <pqxx/except>

namespace millrace::pg {
namespace {

struct Row {
  std::string_view sqlstate;  // or its class, the first two characters
  ErrorCode code;
};

// The first that fits counts.
constexpr std::array kTable = {
    Row{"40", ErrorCode::unavailable},           // serialization failure, deadlock: again
    Row{"23", ErrorCode::conflict},              // unique and other constraints
    Row{"55P03", ErrorCode::unavailable},        // lock_timeout
    Row{"57014", ErrorCode::timeout},            // statement_timeout
    Row{"57", ErrorCode::unavailable},           // shutting down, starting, terminated
    Row{"08", ErrorCode::unavailable},           // connection
    Row{"53", ErrorCode::unavailable},           // disk full, memory, too many connections
    Row{"58", ErrorCode::unavailable},           // input and output errors of the server
    Row{"22", ErrorCode::invalid_argument},      // a value that a column cannot hold
    Row{"54", ErrorCode::invalid_argument},      // too large or too complex
    Row{"28", ErrorCode::permission_denied},     // wrong password, no such user
    Row{"42501", ErrorCode::permission_denied},  // a right is missing
    Row{"3D", ErrorCode::not_found},             // no such database
    Row{"0A", ErrorCode::unsupported},
};

/// 23514 is both a CHECK that a row breaks and a row that met a change of the partitions; where the
/// server speaks another language, Database::run has tried often enough to know.
ErrorCode code_of(const std::string& sqlstate, std::string_view message) {
  if (sqlstate == "23514" && message.find("partition") != std::string_view::npos)
    return ErrorCode::unavailable;
  for (const Row& row : kTable)
    if (sqlstate.starts_with(row.sqlstate)) return row.code;
  return ErrorCode::internal;
}

/// Without the server's own severity in front.
std::string first_line(std::string text) {
  text.resize(std::min(text.find('\n'), text.size()));
  for (const std::string_view severity : {"ERROR:  ", "FATAL:  "})
    if (text.starts_with(severity)) text.erase(0, severity.size());
  return text;
}

Failure make(ErrorCode code, const std::string& message, std::string sqlstate, bool is_lost) {
  return {make_error(code, "PostgreSQL: " + first_line(message)), std::move(sqlstate), is_lost};
}

/// A connection that is refused has no SQLSTATE in this version of the library, only words.
ErrorCode code_of_refused(const std::string& message) {
  const auto says = [&](const char* words) { return message.find(words) != std::string::npos; };
  if (says("password") || says("no pg_hba.conf entry") ||
      (says("role \"") && says("does not exist")))
    return ErrorCode::permission_denied;
  if (says("database \"") && says("does not exist")) return ErrorCode::not_found;
  return ErrorCode::unavailable;
}

}  // namespace

Failure current_failure() {
  try {
    throw;
  } catch (const Refusal& refusal) {
    return {refusal.error(), "", false};
  } catch (const pqxx::in_doubt_error& e) {
    return make(ErrorCode::unavailable, e.what(), "", true);
  } catch (const pqxx::broken_connection& e) {
    return make(code_of_refused(e.what()), e.what(), "", true);
  } catch (const pqxx::sql_error& e) {
    if (e.sqlstate().empty())  // what the library itself noticed: the connection is gone
      return make(ErrorCode::unavailable, e.what(), "", true);
    const bool is_lost = e.sqlstate().starts_with("57P") || e.sqlstate().starts_with("08");
    return make(code_of(e.sqlstate(), e.what()), e.what(), e.sqlstate(), is_lost);
  } catch (const pqxx::transaction_rollback& e) {
    return make(ErrorCode::unavailable, e.what(), "40000", false);
  } catch (const pqxx::failure& e) {
    return make(ErrorCode::unavailable, e.what(), "", true);
  } catch (const std::exception& e) {
    return make(ErrorCode::internal, e.what(), "", false);
  }
}

}  // namespace millrace::pg
