// Readers of the rows that several queries give. The order of columns is that of the queries in
// engine/pg/sql.
#pragma once

#include "engine/pg/session.h"
#include "engine/store/rows.h"

namespace millrace::pg {

RunRow read_run(const Rows& rows, std::size_t row);
DeploymentRow read_deployment(const Rows& rows, std::size_t row);

/// `read` of every row, in order.
template <typename Read>
auto read_all(const Rows& rows, Read read) {
  std::vector<decltype(read(rows, std::size_t{}))> out;
  out.reserve(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) out.push_back(read(rows, i));
  return out;
}

}  // namespace millrace::pg
