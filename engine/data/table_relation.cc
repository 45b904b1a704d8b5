#include "engine/data/table_relation.h"

#include <vector>

#include "engine/data/scan.h"
#include "engine/data/sql.h"

namespace millrace::data {
namespace {

struct CleanColumns {
  std::string list;      // every column by name, a NaN replaced by null
  bool changed = false;  // whether one of them can hold a NaN
};

/// Names, not `* REPLACE (…)`: DuckDB copies the whole list for each column of a star.
Result<CleanColumns> clean_columns(Session& session, const std::string& relation) {
  MR_TRY(const Table schema,
         session.query("SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM " + relation +
                       ")"));
  CleanColumns out;
  std::vector<std::string> items;
  for (std::size_t i = 0; i < schema.rows(); ++i) {
    const std::string name = quote_identifier(schema.columns[0].cells[i].as_view());
    const std::string_view type = schema.columns[1].cells[i].as_view();
    const bool floating = type == "FLOAT" || type == "DOUBLE";
    items.push_back(floating ? "CASE WHEN NOT isnan(" + name + ") THEN " + name + " END AS " + name
                             : name);
    out.changed = out.changed || floating;
  }
  out.list = join(items, ", ");
  return out;
}

}  // namespace

Result<std::string> nan_as_null(Session& session, const std::string& relation) {
  MR_TRY(const CleanColumns columns, clean_columns(session, relation));
  return columns.changed ? "(SELECT " + columns.list + " FROM " + relation + ")" : relation;
}

Result<std::string> table_relation(Session& session, const std::filesystem::path& parquet) {
  return nan_as_null(session, parquet_relation(parquet));
}

Result<std::string> numbered(Session& session, const std::string& parquet) {
  MR_TRY(const CleanColumns columns, clean_columns(session, parquet));
  return std::string("(SELECT file_row_number AS ") + kRowNumber + ", " + columns.list + " FROM " +
         parquet + ")";
}

}  // namespace millrace::data
