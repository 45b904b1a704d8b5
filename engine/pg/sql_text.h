// The SQL of this module: files under engine/pg/sql, put into the build tree as text by
// embed_sql.cmake.
#pragma once

#include <span>
#include <string_view>

namespace millrace::pg {

/// A block `-- name: <name>  row: <record>` of sql/<topic>.sql.
struct Query {
  std::string_view name;
  std::string_view row;  // record_name of what row_reader.h makes of a row; "": no record
  std::string_view sql;
};
std::span<const Query> all_queries();
/// Throws std::logic_error for a name that does not exist.
const Query& find_query(std::string_view name);

/// A file sql/migrations/<number>_<name>.sql; its first line is `-- works with: <version>`.
struct Migration {
  int number = 0;
  std::string_view name;
  int works_with = 0;  // the oldest schema version whose program may run on this one
  std::string_view sql;
};
/// By number, from 1, without gaps.
std::span<const Migration> all_migrations();

}  // namespace millrace::pg
