#include "engine/data/cells.h"

#include <cmath>
#include <string_view>

#include "engine/data/cell_values.h"

namespace millrace::data {
namespace {

const char* plain_type_name(duckdb_type type) {
  switch (type) {
    case DUCKDB_TYPE_BOOLEAN:
      return "BOOLEAN";
    case DUCKDB_TYPE_TINYINT:
      return "TINYINT";
    case DUCKDB_TYPE_SMALLINT:
      return "SMALLINT";
    case DUCKDB_TYPE_INTEGER:
      return "INTEGER";
    case DUCKDB_TYPE_BIGINT:
      return "BIGINT";
    case DUCKDB_TYPE_UTINYINT:
      return "UTINYINT";
    case DUCKDB_TYPE_USMALLINT:
      return "USMALLINT";
    case DUCKDB_TYPE_UINTEGER:
      return "UINTEGER";
    case DUCKDB_TYPE_UBIGINT:
      return "UBIGINT";
    case DUCKDB_TYPE_FLOAT:
      return "FLOAT";
    case DUCKDB_TYPE_DOUBLE:
      return "DOUBLE";
    case DUCKDB_TYPE_TIMESTAMP:
      return "TIMESTAMP";
    case DUCKDB_TYPE_TIMESTAMP_S:
      return "TIMESTAMP_S";
    case DUCKDB_TYPE_TIMESTAMP_MS:
      return "TIMESTAMP_MS";
    case DUCKDB_TYPE_TIMESTAMP_NS:
      return "TIMESTAMP_NS";
    case DUCKDB_TYPE_TIMESTAMP_TZ:
      return "TIMESTAMP WITH TIME ZONE";
    case DUCKDB_TYPE_DATE:
      return "DATE";
    case DUCKDB_TYPE_TIME:
      return "TIME";
    case DUCKDB_TYPE_TIME_NS:
      return "TIME_NS";
    case DUCKDB_TYPE_TIME_TZ:
      return "TIME WITH TIME ZONE";
    case DUCKDB_TYPE_BIT:
      return "BIT";
    case DUCKDB_TYPE_BIGNUM:
      return "BIGNUM";
    case DUCKDB_TYPE_UNION:
      return "UNION";
    case DUCKDB_TYPE_INTERVAL:
      return "INTERVAL";
    case DUCKDB_TYPE_HUGEINT:
      return "HUGEINT";
    case DUCKDB_TYPE_UHUGEINT:
      return "UHUGEINT";
    case DUCKDB_TYPE_VARCHAR:
      return "VARCHAR";
    case DUCKDB_TYPE_ENUM:
      return "ENUM";
    case DUCKDB_TYPE_BLOB:
      return "BLOB";
    case DUCKDB_TYPE_UUID:
      return "UUID";
    case DUCKDB_TYPE_STRUCT:
      return "STRUCT";
    case DUCKDB_TYPE_MAP:
      return "MAP";
    case DUCKDB_TYPE_SQLNULL:
      return "NULL";
    default:
      return "OTHER";
  }
}

template <typename T>
T value_at(duckdb_vector vector, idx_t row) {
  return static_cast<const T*>(duckdb_vector_get_data(vector))[row];
}

bool is_null_at(duckdb_vector vector, idx_t row) {
  std::uint64_t* validity = duckdb_vector_get_validity(vector);
  return validity != nullptr && !duckdb_validity_row_is_valid(validity, row);
}

std::string_view text_at(duckdb_vector vector, idx_t row) {
  auto* cell = static_cast<duckdb_string_t*>(duckdb_vector_get_data(vector)) + row;
  return {duckdb_string_t_data(cell), duckdb_string_t_length(*cell)};
}

duckdb_hugeint decimal_integer(duckdb_vector vector, duckdb_logical_type type, idx_t row) {
  const auto from = [](std::int64_t value) {
    return duckdb_hugeint{static_cast<std::uint64_t>(value), value < 0 ? -1 : 0};
  };
  switch (duckdb_decimal_internal_type(type)) {
    case DUCKDB_TYPE_SMALLINT:
      return from(value_at<std::int16_t>(vector, row));
    case DUCKDB_TYPE_INTEGER:
      return from(value_at<std::int32_t>(vector, row));
    case DUCKDB_TYPE_BIGINT:
      return from(value_at<std::int64_t>(vector, row));
    default:
      return value_at<duckdb_hugeint>(vector, row);
  }
}

std::string enum_text(duckdb_vector vector, duckdb_logical_type type, idx_t row) {
  std::uint64_t index = 0;
  switch (duckdb_enum_internal_type(type)) {
    case DUCKDB_TYPE_UTINYINT:
      index = value_at<std::uint8_t>(vector, row);
      break;
    case DUCKDB_TYPE_USMALLINT:
      index = value_at<std::uint16_t>(vector, row);
      break;
    default:
      index = value_at<std::uint32_t>(vector, row);
  }
  return take_string(duckdb_enum_dictionary_value(type, index));
}

Result<Json> cell_at(duckdb_vector vector, duckdb_logical_type type, idx_t row);

Result<Json> list_cell(duckdb_vector vector, duckdb_logical_type type, idx_t row) {
  const LogicalType item_type(duckdb_get_type_id(type) == DUCKDB_TYPE_LIST
                                  ? duckdb_list_type_child_type(type)
                                  : duckdb_array_type_child_type(type));
  const bool fixed = duckdb_get_type_id(type) == DUCKDB_TYPE_ARRAY;
  const duckdb_list_entry entry = fixed
                                      ? duckdb_list_entry{row * duckdb_array_type_array_size(type),
                                                          duckdb_array_type_array_size(type)}
                                      : value_at<duckdb_list_entry>(vector, row);
  duckdb_vector items =
      fixed ? duckdb_array_vector_get_child(vector) : duckdb_list_vector_get_child(vector);
  Json out = Json::array();
  for (idx_t i = 0; i < entry.length; ++i) {
    MR_TRY(Json item, cell_at(items, item_type.handle, entry.offset + i));
    out.push_back(std::move(item));
  }
  return out;
}

Result<Json> struct_cell(duckdb_vector vector, duckdb_logical_type type, idx_t row) {
  Json out = Json::object();
  for (idx_t i = 0; i < duckdb_struct_type_child_count(type); ++i) {
    const LogicalType child(duckdb_struct_type_child_type(type, i));
    MR_TRY(Json value, cell_at(duckdb_struct_vector_get_child(vector, i), child.handle, row));
    out.set(take_string(duckdb_struct_type_child_name(type, i)), std::move(value));
  }
  return out;
}

/// [{"key": …, "value": …}, …]: a key may be of any type.
Result<Json> map_cell(duckdb_vector vector, duckdb_logical_type type, idx_t row) {
  const LogicalType key_type(duckdb_map_type_key_type(type));
  const LogicalType value_type(duckdb_map_type_value_type(type));
  const auto entry = value_at<duckdb_list_entry>(vector, row);
  duckdb_vector pairs = duckdb_list_vector_get_child(vector);
  Json out = Json::array();
  for (idx_t i = 0; i < entry.length; ++i) {
    MR_TRY(Json key,
           cell_at(duckdb_struct_vector_get_child(pairs, 0), key_type.handle, entry.offset + i));
    MR_TRY(Json value,
           cell_at(duckdb_struct_vector_get_child(pairs, 1), value_type.handle, entry.offset + i));
    out.push_back(Json::object({{"key", std::move(key)}, {"value", std::move(value)}}));
  }
  return out;
}

/// The value of the member that is set. The first child of the vector holds its number.
Result<Json> union_cell(duckdb_vector vector, duckdb_logical_type type, idx_t row) {
  const auto tag = value_at<std::uint8_t>(duckdb_struct_vector_get_child(vector, 0), row);
  if (tag >= duckdb_union_type_member_count(type)) return Json();
  const LogicalType member(duckdb_union_type_member_type(type, tag));
  return cell_at(duckdb_struct_vector_get_child(vector, idx_t{tag} + 1), member.handle, row);
}

Result<Json> cell_at(duckdb_vector vector, duckdb_logical_type type, idx_t row) {
  if (is_null_at(vector, row)) return Json();
  switch (duckdb_get_type_id(type)) {
    case DUCKDB_TYPE_BOOLEAN:
      return Json(value_at<bool>(vector, row));
    case DUCKDB_TYPE_TINYINT:
      return Json(static_cast<int>(value_at<std::int8_t>(vector, row)));
    case DUCKDB_TYPE_SMALLINT:
      return Json(static_cast<int>(value_at<std::int16_t>(vector, row)));
    case DUCKDB_TYPE_INTEGER:
      return Json(static_cast<long>(value_at<std::int32_t>(vector, row)));
    case DUCKDB_TYPE_BIGINT:
      return Json(value_at<std::int64_t>(vector, row));
    case DUCKDB_TYPE_UTINYINT:
      return Json(static_cast<int>(value_at<std::uint8_t>(vector, row)));
    case DUCKDB_TYPE_USMALLINT:
      return Json(static_cast<int>(value_at<std::uint16_t>(vector, row)));
    case DUCKDB_TYPE_UINTEGER:
      return Json(value_at<std::uint32_t>(vector, row));
    case DUCKDB_TYPE_UBIGINT:
      return unsigned_cell(0, value_at<std::uint64_t>(vector, row));
    case DUCKDB_TYPE_HUGEINT:
      return huge_cell(value_at<duckdb_hugeint>(vector, row));
    case DUCKDB_TYPE_UHUGEINT: {
      const auto value = value_at<duckdb_uhugeint>(vector, row);
      return unsigned_cell(value.upper, value.lower);
    }
    case DUCKDB_TYPE_FLOAT: {
      const auto value = static_cast<double>(value_at<float>(vector, row));
      return std::isfinite(value) ? Json(value) : Json();
    }
    case DUCKDB_TYPE_DOUBLE: {
      const auto value = value_at<double>(vector, row);
      return std::isfinite(value) ? Json(value) : Json();
    }
    case DUCKDB_TYPE_DECIMAL:
      return decimal_cell(decimal_integer(vector, type, row), duckdb_decimal_scale(type));
    case DUCKDB_TYPE_VARCHAR:
      return Json(text_at(vector, row));
    case DUCKDB_TYPE_ENUM:
      return Json(enum_text(vector, type, row));
    case DUCKDB_TYPE_DATE:
      return date_cell(value_at<duckdb_date>(vector, row));
    case DUCKDB_TYPE_TIME:
      return time_cell(value_at<duckdb_time>(vector, row));
    case DUCKDB_TYPE_TIME_NS:
      return time_cell({value_at<std::int64_t>(vector, row) / 1000});
    case DUCKDB_TYPE_TIME_TZ:
      return time_tz_cell(value_at<duckdb_time_tz>(vector, row));
    case DUCKDB_TYPE_INTERVAL:
      return interval_cell(value_at<duckdb_interval>(vector, row));
    case DUCKDB_TYPE_UUID:
      return uuid_cell(value_at<duckdb_hugeint>(vector, row));
    case DUCKDB_TYPE_BLOB:
      return blob_cell(text_at(vector, row));
    case DUCKDB_TYPE_BIT:
      return bit_cell(text_at(vector, row));
    case DUCKDB_TYPE_TIMESTAMP:
    case DUCKDB_TYPE_TIMESTAMP_TZ:
      return timestamp_cell(value_at<std::int64_t>(vector, row), 1'000'000);
    case DUCKDB_TYPE_TIMESTAMP_S:
      return timestamp_cell(value_at<std::int64_t>(vector, row), 1);
    case DUCKDB_TYPE_TIMESTAMP_MS:
      return timestamp_cell(value_at<std::int64_t>(vector, row), 1000);
    case DUCKDB_TYPE_TIMESTAMP_NS:
      return timestamp_cell(value_at<std::int64_t>(vector, row), 1'000'000'000);
    case DUCKDB_TYPE_LIST:
    case DUCKDB_TYPE_ARRAY:
      return list_cell(vector, type, row);
    case DUCKDB_TYPE_STRUCT:
      return struct_cell(vector, type, row);
    case DUCKDB_TYPE_MAP:
      return map_cell(vector, type, row);
    case DUCKDB_TYPE_UNION:
      return union_cell(vector, type, row);
    case DUCKDB_TYPE_SQLNULL:
      return Json();
    default:
      // A type that a later DuckDB adds: a report still shows that there is a value.
      return Json("(" + type_name_of(type) + ")");
  }
}

}  // namespace

std::string take_string(char* text) {
  std::string out = text != nullptr ? text : "";
  duckdb_free(text);
  return out;
}

std::string type_name_of(duckdb_logical_type type) {
  switch (duckdb_get_type_id(type)) {
    case DUCKDB_TYPE_DECIMAL:
      return "DECIMAL(" + std::to_string(duckdb_decimal_width(type)) + "," +
             std::to_string(duckdb_decimal_scale(type)) + ")";
    case DUCKDB_TYPE_LIST: {
      const LogicalType item(duckdb_list_type_child_type(type));
      return type_name_of(item.handle) + "[]";
    }
    default:
      return plain_type_name(duckdb_get_type_id(type));
  }
}

Status append_cells(duckdb_vector vector, idx_t rows, TableColumn& column) {
  const LogicalType type(duckdb_vector_get_column_type(vector));
  for (idx_t row = 0; row < rows; ++row) {
    MR_TRY(Json cell, cell_at(vector, type.handle, row));
    column.cells.push_back(std::move(cell));
  }
  return {};
}

}  // namespace millrace::data
