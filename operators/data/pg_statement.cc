#include "operators/data/pg_statement.h"

#include <algorithm>
#include <chrono>
#include <string>

namespace millrace {

Result<pgclient::PgParams> bound_params(const Json& values) {
  if (!values.is_array()) return invalid_argument("params must be a list: [value of $1, …]");
  pgclient::PgParams out;
  for (const Json& value : values.items()) {
    if (value.is_null())
      out.emplace_back();
    else
      out.emplace_back(value.is_string() ? value.as_string() : value.dump());
  }
  return out;
}

Status check_query(std::string_view query) {
  if (query.find_first_not_of(" \t\r\n;") != std::string_view::npos) return {};
  return invalid_argument("parameter 'query' is empty; expected one statement that gives rows");
}

Error located_in_query(Error error, std::string_view query, std::optional<std::size_t> place) {
  // Its SQLSTATE is that of a broken connection.
  if (error.message.find("bind message supplies") != std::string::npos)
    error.code = ErrorCode::invalid_argument;
  if (!place) return error;
  std::size_t line = 1, column = 1, at = 1;
  for (const char c : query) {
    const bool continues = (static_cast<unsigned char>(c) & 0xc0) == 0x80;
    if (continues) continue;
    if (at++ == *place) break;
    column = c == '\n' ? 1 : column + 1;
    line += c == '\n';
  }
  return std::move(error).at("query, line " + std::to_string(line) + ", column " +
                             std::to_string(column));
}

Status begin_transaction(pgclient::PgConnection& database, bool read_only, Duration timeout) {
  auto begun = database.execute(read_only ? "BEGIN READ ONLY" : "BEGIN");
  if (!begun) return std::move(begun).error();
  const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(timeout).count();
  auto set = database.execute("SELECT set_config('statement_timeout', $1, true)",
                              {std::to_string(std::clamp<std::int64_t>(ms, 1, 2'147'483'647))});
  if (!set) return std::move(set).error();
  return {};
}

}  // namespace millrace
