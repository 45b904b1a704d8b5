// Expectations about the set of a column's values: a query each.
#pragma once

#include <string>

#include "engine/data/session.h"
#include "operators/data/expectation_sql.h"

namespace millrace {

struct DistinctVerdict {
  bool success = false;
  Json result = Json::object();
};

/// `source` is "relation WHERE …" without nulls filtered. REQUIRES: the column exists.
Result<DistinctVerdict> check_distinct(data::Session& session, const std::string& source,
                                       const Expectation& expectation, const ColumnType& column);

}  // namespace millrace
