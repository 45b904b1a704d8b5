// Expectations written as SQL, for operators/data/validation.cc.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "engine/data/table.h"
#include "operators/data/expectation.h"

namespace millrace {

struct ColumnType {
  std::string name;
  std::string type;  // DuckDB's
};
using Schema = std::vector<ColumnType>;
/// nullptr if there is none.
const ColumnType* find_column(const Schema& schema, std::string_view name);

/// A row check: all three are expressions over the columns of one row.
struct RowCheck {
  std::string missing;     // true: the row is not judged
  std::string unexpected;  // true: the row is bad; null counts as false
  std::string value;       // what is listed of a bad row
};
/// `relation` is for checks that compare a row with all others. REQUIRES: kind rows, all columns
/// exist.
/// data_invalid if a bound or a set cannot be compared with the column.
Result<RowCheck> row_check(const Expectation& expectation, const Schema& schema,
                           const std::string& relation);

/// The aggregate expression that the expectation judges. "" if it needs queries of its own.
/// REQUIRES: kind column, the column exists.
std::string aggregate_sql(const Expectation& expectation, const Schema& schema);

/// True where the aggregate `value`, an SQL expression of `type`, fulfils the expectation; null
/// where the aggregate is null. data_invalid if a bound cannot be compared with it.
Result<std::string> aggregate_holds(const Expectation& expectation, const std::string& value,
                                    std::string_view type);

/// " WHERE (…)" of the row_condition, or "".
std::string where_of(const Expectation& expectation);

/// The columns that the expectation is about.
std::vector<std::string> columns_of(const Expectation& expectation);

}  // namespace millrace
