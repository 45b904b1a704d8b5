#include "engine/data/row_source.h"

#include <array>
#include <utility>

#include "engine/data/cells.h"

namespace millrace::data {
namespace {

duckdb_logical_type logical_type(const ColumnType& type) {
  constexpr std::array<std::pair<CellType, duckdb_type>, 16> kTypes = {{
      {CellType::boolean, DUCKDB_TYPE_BOOLEAN},
      {CellType::int8, DUCKDB_TYPE_TINYINT},
      {CellType::int16, DUCKDB_TYPE_SMALLINT},
      {CellType::int32, DUCKDB_TYPE_INTEGER},
      {CellType::int64, DUCKDB_TYPE_BIGINT},
      {CellType::uint8, DUCKDB_TYPE_UTINYINT},
      {CellType::uint16, DUCKDB_TYPE_USMALLINT},
      {CellType::uint32, DUCKDB_TYPE_UINTEGER},
      {CellType::uint64, DUCKDB_TYPE_UBIGINT},
      {CellType::float32, DUCKDB_TYPE_FLOAT},
      {CellType::float64, DUCKDB_TYPE_DOUBLE},
      {CellType::date, DUCKDB_TYPE_DATE},
      {CellType::timestamp, DUCKDB_TYPE_TIMESTAMP},
      {CellType::timestamptz, DUCKDB_TYPE_TIMESTAMP_TZ},
      {CellType::text, DUCKDB_TYPE_VARCHAR},
      {CellType::json, DUCKDB_TYPE_VARCHAR},
  }};
  if (type.type == CellType::decimal)
    return duckdb_create_decimal_type(static_cast<std::uint8_t>(type.width),
                                      static_cast<std::uint8_t>(type.scale));
  for (const auto& [ours, theirs] : kTypes)
    if (ours == type.type) return duckdb_create_logical_type(theirs);
  return duckdb_create_logical_type(DUCKDB_TYPE_VARCHAR);
}

void bind(duckdb_bind_info info) {
  const auto& source = *static_cast<RowSource*>(duckdb_bind_get_extra_info(info));
  for (const auto& column : source.columns()) {
    const LogicalType type(logical_type(column.type));
    duckdb_bind_add_result_column(info, column.name.c_str(), type.handle);
  }
}

void start(duckdb_init_info info) {
  auto& source = *static_cast<RowSource*>(duckdb_init_get_extra_info(info));
  duckdb_init_set_max_threads(info, 1);  // rows keep their order
  if (auto started = source.restart(); !started) {
    source.failure = started.error();
    duckdb_init_set_error(info, started.error().message.c_str());
  }
}

void fill(duckdb_function_info info, duckdb_data_chunk chunk) {
  auto& source = *static_cast<RowSource*>(duckdb_function_get_extra_info(info));
  const auto rows = source.fill(chunk);
  if (rows) return duckdb_data_chunk_set_size(chunk, *rows);
  source.failure = rows.error();
  duckdb_function_set_error(info, rows.error().message.c_str());
}

using TableFunction = Owned<duckdb_table_function, duckdb_destroy_table_function>;

}  // namespace

Status register_rows(duckdb_connection connection, const std::string& name, RowSource& source) {
  const TableFunction function(duckdb_create_table_function());
  duckdb_table_function_set_name(function.handle, name.c_str());
  duckdb_table_function_set_extra_info(function.handle, &source, nullptr);
  duckdb_table_function_set_bind(function.handle, bind);
  duckdb_table_function_set_init(function.handle, start);
  duckdb_table_function_set_function(function.handle, fill);
  if (duckdb_register_table_function(connection, function.handle) == DuckDBError)
    return internal_error("cannot register the rows of '" + name + "'");
  return {};
}

}  // namespace millrace::data
