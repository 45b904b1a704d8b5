#include "operators/data/table_watermark.h"

#include <utility>
#include <vector>

#include "engine/data/scan.h"
#include "engine/data/sql.h"
#include "operators/data/source_table.h"

namespace millrace {
namespace {

using data::quote_identifier;

/// How the largest value of a column is kept: a number as it is, all else as DuckDB writes it,
/// which loses no digit and can be compared with the column again.
Result<std::string> largest_value(const data::TextColumn& column) {
  const std::string value = quote_identifier(column.name);
  const std::string& type = column.type;
  if (type == "FLOAT" || type == "DOUBLE")
    return "max(" + value + ") FILTER (isfinite(" + value + "))";
  if (type == "VARCHAR" || type.ends_with("INT") || type == "INTEGER" || type == "UINTEGER")
    return "max(" + value + ")";
  if (type == "DATE" || type.starts_with("TIMESTAMP") || type.starts_with("DECIMAL"))
    return "CAST(max(" + value + ") AS VARCHAR)";
  return invalid_argument("watermark: column '" + column.name + "' is of type " + type +
                          "; it must be a number, text, a date or a timestamp");
}

/// Null without a row that has a value.
Result<Json> find_watermark(OperatorContext& ctx, const TableArtifact& table,
                            const std::string& column) {
  if (column.empty()) return Json();
  std::vector<data::TextColumn> columns;
  for (const auto& one : table.statistics.columns.items()) {
    data::TextColumn known;
    known.name = one["name"].as_string();
    known.type = one["type"].as_string();
    columns.push_back(std::move(known));
  }
  MR_TRY(const data::TextColumn found, find_column(columns, column));
  MR_TRY(const std::string largest, largest_value(found));
  MR_TRY(data::Session session, open_session(ctx, {table.stored.path}));
  MR_TRY(const data::Table answer, session.query("SELECT " + largest + " AS largest FROM " +
                                                 data::parquet_relation(table.stored.path)));
  return answer.at(0, "largest");
}

}  // namespace

Status check_watermark(const std::string& column, const std::string& dataset) {
  if (!column.empty() && dataset.empty())
    return invalid_argument("watermark needs dataset: the dataset whose watermark it is");
  return {};
}

Status set_watermark(OperatorContext& ctx, const TableArtifact& table, const std::string& column,
                     const std::string& dataset, Done& done) {
  MR_TRY(Json watermark, find_watermark(ctx, table, column));
  done.outputs.set("watermark", watermark);
  if (!watermark.is_null()) done.effects.emplace_back(SetWatermark{dataset, std::move(watermark)});
  return {};
}

}  // namespace millrace
