#include "engine/data/key_columns.h"

#include <string>
#include <vector>

#include "engine/base/key_type.h"
#include "engine/base/suggest.h"
#include "engine/data/sql.h"

namespace millrace::data {

Status check_key(std::string_view role, std::string_view column, const Table& table) {
  const TableColumn* found = table.find(column);
  if (found == nullptr) return no_such_column(role, column, table);
  return millrace::check_key(role, column, found->type);
}

Error no_such_column(std::string_view role, std::string_view column, const Table& table) {
  std::vector<std::string> known;
  for (const auto& each : table.columns) known.push_back(each.name);
  return invalid_argument(std::string(role) + ": the table has no column '" + std::string(column) +
                          "'" + did_you_mean(column, known) + "; it has " + join(known, ", "));
}

}  // namespace millrace::data
