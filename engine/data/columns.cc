// Bulk columns: one tight loop for each stored type.
#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <string_view>
#include <unordered_map>

#include "engine/data/cells.h"

namespace millrace::data {

struct ColumnReader::Codes {
  std::unordered_map<std::string, std::uint32_t> known;
};

struct ColumnAppend {
  static bool valid(const std::uint64_t* validity, idx_t row) {
    return validity == nullptr || (validity[row / 64] >> (row % 64) & 1) != 0;
  }

  template <typename T>
  static void numbers(ColumnReader& reader, duckdb_vector vector, idx_t rows) {
    const auto* values = static_cast<const T*>(duckdb_vector_get_data(vector));
    const std::uint64_t* validity = duckdb_vector_get_validity(vector);
    auto& out = reader.data_.numbers;
    for (idx_t row = 0; row < rows; ++row)
      out.push_back(valid(validity, row) ? static_cast<double>(values[row]) / reader.scale_
                                         : std::numeric_limits<double>::quiet_NaN());
  }

  static void huge(ColumnReader& reader, duckdb_vector vector, idx_t rows) {
    const auto* values = static_cast<const duckdb_hugeint*>(duckdb_vector_get_data(vector));
    const std::uint64_t* validity = duckdb_vector_get_validity(vector);
    for (idx_t row = 0; row < rows; ++row)
      reader.data_.numbers.push_back(valid(validity, row)
                                         ? duckdb_hugeint_to_double(values[row]) / reader.scale_
                                         : std::numeric_limits<double>::quiet_NaN());
  }

  template <typename T>
  static void times(ColumnReader& reader, duckdb_vector vector, idx_t rows) {
    const auto* values = static_cast<const T*>(duckdb_vector_get_data(vector));
    const std::uint64_t* validity = duckdb_vector_get_validity(vector);
    const std::int64_t factor = reader.micros_factor_;
    const auto finite = [](T value) {
      return value != std::numeric_limits<T>::max() && value != -std::numeric_limits<T>::max();
    };
    for (idx_t row = 0; row < rows; ++row) {
      std::int64_t micros = kNullMicros;  // stays for what does not fit 64 bits of microseconds
      if (valid(validity, row) && finite(values[row])) {
        const auto ticks = static_cast<std::int64_t>(values[row]);
        if (factor < 0)
          micros = ticks / -factor;
        else if (__builtin_mul_overflow(ticks, factor, &micros))
          micros = kNullMicros;
      }
      reader.data_.micros.push_back(micros);
    }
  }

  static void texts(ColumnReader& reader, duckdb_vector vector, idx_t rows) {
    auto* values = static_cast<duckdb_string_t*>(duckdb_vector_get_data(vector));
    const std::uint64_t* validity = duckdb_vector_get_validity(vector);
    auto& data = reader.data_;
    std::string text;
    for (idx_t row = 0; row < rows; ++row) {
      if (!valid(validity, row)) {
        data.codes.push_back(kNullCode);
        continue;
      }
      text.assign(duckdb_string_t_data(values + row), duckdb_string_t_length(values[row]));
      const auto [place, added] = reader.codes_->known.try_emplace(
          text, static_cast<std::uint32_t>(data.dictionary.size()));
      if (added) data.dictionary.push_back(text);
      data.codes.push_back(place->second);
    }
  }
};

Result<ColumnReader> ColumnReader::of(std::string name, duckdb_logical_type type) {
  ColumnReader reader;
  reader.data_.name = std::move(name);
  const auto numeric = [&](Append append) {
    reader.data_.kind = ColumnData::Kind::number;
    reader.append_ = append;
  };
  const auto time = [&](Append append, std::int64_t factor) {
    reader.data_.kind = ColumnData::Kind::time;
    reader.append_ = append;
    reader.micros_factor_ = factor;
  };
  duckdb_type id = duckdb_get_type_id(type);
  if (id == DUCKDB_TYPE_DECIMAL) {
    reader.scale_ = std::pow(10.0, duckdb_decimal_scale(type));
    id = duckdb_decimal_internal_type(type);
  }
  constexpr std::int64_t kDay = 86'400'000'000;
  switch (id) {
    case DUCKDB_TYPE_BOOLEAN:
      numeric(ColumnAppend::numbers<bool>);
      break;
    case DUCKDB_TYPE_TINYINT:
      numeric(ColumnAppend::numbers<std::int8_t>);
      break;
    case DUCKDB_TYPE_SMALLINT:
      numeric(ColumnAppend::numbers<std::int16_t>);
      break;
    case DUCKDB_TYPE_INTEGER:
      numeric(ColumnAppend::numbers<std::int32_t>);
      break;
    case DUCKDB_TYPE_BIGINT:
      numeric(ColumnAppend::numbers<std::int64_t>);
      break;
    case DUCKDB_TYPE_UTINYINT:
      numeric(ColumnAppend::numbers<std::uint8_t>);
      break;
    case DUCKDB_TYPE_USMALLINT:
      numeric(ColumnAppend::numbers<std::uint16_t>);
      break;
    case DUCKDB_TYPE_UINTEGER:
      numeric(ColumnAppend::numbers<std::uint32_t>);
      break;
    case DUCKDB_TYPE_UBIGINT:
      numeric(ColumnAppend::numbers<std::uint64_t>);
      break;
    case DUCKDB_TYPE_FLOAT:
      numeric(ColumnAppend::numbers<float>);
      break;
    case DUCKDB_TYPE_DOUBLE:
      numeric(ColumnAppend::numbers<double>);
      break;
    case DUCKDB_TYPE_HUGEINT:
      numeric(ColumnAppend::huge);
      break;
    case DUCKDB_TYPE_DATE:
      time(ColumnAppend::times<std::int32_t>, kDay);
      break;
    case DUCKDB_TYPE_TIMESTAMP:
    case DUCKDB_TYPE_TIMESTAMP_TZ:
      time(ColumnAppend::times<std::int64_t>, 1);
      break;
    case DUCKDB_TYPE_TIMESTAMP_S:
      time(ColumnAppend::times<std::int64_t>, 1'000'000);
      break;
    case DUCKDB_TYPE_TIMESTAMP_MS:
      time(ColumnAppend::times<std::int64_t>, 1000);
      break;
    case DUCKDB_TYPE_TIMESTAMP_NS:
      time(ColumnAppend::times<std::int64_t>, -1000);
      break;
    case DUCKDB_TYPE_VARCHAR:
      reader.data_.kind = ColumnData::Kind::text;
      reader.append_ = ColumnAppend::texts;
      reader.codes_ = std::make_shared<Codes>();
      break;
    default:
      return invalid_argument("column '" + reader.data_.name + "' is of type " +
                              type_name_of(type) + "; cast it to a number, a timestamp or VARCHAR");
  }
  return reader;
}

std::string_view stored_type(ColumnData::Kind kind) {
  switch (kind) {
    case ColumnData::Kind::number:
      return "DOUBLE";
    case ColumnData::Kind::time:
      return "TIMESTAMP";
    case ColumnData::Kind::text:
      return "VARCHAR";
  }
  return "";
}

namespace {

duckdb_type stored_type_id(ColumnData::Kind kind) {
  switch (kind) {
    case ColumnData::Kind::number:
      return DUCKDB_TYPE_DOUBLE;
    case ColumnData::Kind::time:
      return DUCKDB_TYPE_TIMESTAMP;
    case ColumnData::Kind::text:
      return DUCKDB_TYPE_VARCHAR;
  }
  return DUCKDB_TYPE_INVALID;
}

/// Fills a vector from `values[from …]`; what `is_null` says is null.
template <typename T, typename IsNull>
void fill(duckdb_vector vector, const std::vector<T>& values, std::size_t from, idx_t rows,
          IsNull is_null) {
  auto* out = static_cast<T*>(duckdb_vector_get_data(vector));
  duckdb_vector_ensure_validity_writable(vector);
  std::uint64_t* validity = duckdb_vector_get_validity(vector);
  for (idx_t row = 0; row < rows; ++row) {
    out[row] = values[from + row];
    if (is_null(out[row])) duckdb_validity_set_row_invalid(validity, row);
  }
}

void fill_texts(duckdb_vector vector, const ColumnData& column, std::size_t from, idx_t rows) {
  duckdb_vector_ensure_validity_writable(vector);
  std::uint64_t* validity = duckdb_vector_get_validity(vector);
  for (idx_t row = 0; row < rows; ++row) {
    const std::uint32_t code = column.codes[from + row];
    if (code == kNullCode) {
      duckdb_validity_set_row_invalid(validity, row);
    } else {
      const std::string& text = column.dictionary[code];
      duckdb_vector_assign_string_element_len(vector, row, text.data(), text.size());
    }
  }
}

void fill_column(duckdb_vector vector, const ColumnData& column, std::size_t from, idx_t rows) {
  switch (column.kind) {
    case ColumnData::Kind::number:
      return fill(vector, column.numbers, from, rows, [](double v) { return std::isnan(v); });
    case ColumnData::Kind::time:
      return fill(vector, column.micros, from, rows,
                  [](std::int64_t v) { return v == kNullMicros; });
    case ColumnData::Kind::text:
      return fill_texts(vector, column, from, rows);
  }
}

void destroy_appender(duckdb_appender* appender) { duckdb_appender_destroy(appender); }

}  // namespace

Status append_rows(duckdb_connection connection, const std::string& table,
                   const std::vector<ColumnData>& columns) {
  Owned<duckdb_appender, destroy_appender> appender;
  const auto failed = [&] {
    const char* reason = duckdb_appender_error(appender.handle);
    return internal_error("cannot append to '" + table + "': " + (reason ? reason : "?"));
  };
  if (duckdb_appender_create(connection, nullptr, table.c_str(), &appender.handle) == DuckDBError)
    return failed();
  std::vector<LogicalType> types;
  std::vector<duckdb_logical_type> handles;
  for (const auto& column : columns) {
    types.emplace_back(duckdb_create_logical_type(stored_type_id(column.kind)));
    handles.push_back(types.back().handle);
  }
  const Chunk chunk(duckdb_create_data_chunk(handles.data(), handles.size()));
  const std::size_t total = columns.empty() ? 0 : columns.front().rows();
  const std::size_t step = duckdb_vector_size();
  for (std::size_t from = 0; from < total; from += step) {
    const idx_t rows = std::min(step, total - from);
    duckdb_data_chunk_reset(chunk.handle);
    for (std::size_t c = 0; c < columns.size(); ++c)
      fill_column(duckdb_data_chunk_get_vector(chunk.handle, c), columns[c], from, rows);
    duckdb_data_chunk_set_size(chunk.handle, rows);
    if (duckdb_append_data_chunk(appender.handle, chunk.handle) == DuckDBError) return failed();
  }
  if (duckdb_appender_close(appender.handle) == DuckDBError) return failed();
  return {};
}

void ColumnReader::append(duckdb_vector vector, idx_t rows) { append_(*this, vector, rows); }

}  // namespace millrace::data
