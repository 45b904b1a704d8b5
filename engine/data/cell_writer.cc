#include "engine/data/cell_writer.h"

#include <charconv>
#include <cmath>
#include <limits>

#include "engine/data/number_text.h"

namespace millrace::data {
namespace {

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

Int128 power_of_ten(int exponent) {
  Int128 out = 1;
  for (int i = 0; i < exponent; ++i) out *= 10;
  return out;
}

/// "007" as "7": where the column is declared a number, its values are numbers.
std::string without_leading_zeros(std::string_view text) {
  std::string out;
  if (!text.empty() && (text.front() == '-' || text.front() == '+')) {
    if (text.front() == '-') out = "-";
    text.remove_prefix(1);
  }
  while (text.size() > 1 && text[0] == '0' && text[1] >= '0' && text[1] <= '9')
    text.remove_prefix(1);
  return out.append(text);
}

}  // namespace

void CellWriter::aim(duckdb_vector vector) {
  vector_ = vector;
  data_ = duckdb_vector_get_data(vector);
  validity_ = nullptr;
}

void CellWriter::write_null(idx_t row) {
  if (validity_ == nullptr) {
    duckdb_vector_ensure_validity_writable(vector_);
    validity_ = duckdb_vector_get_validity(vector_);
  }
  duckdb_validity_set_row_invalid(validity_, row);
}

void CellWriter::take_back(idx_t row) {
  if (validity_ != nullptr) duckdb_validity_set_row_valid(validity_, row);
}

template <typename T>
bool CellWriter::write_integer(idx_t row, std::string_view text) {
  T value{};
  const char* end = text.data() + text.size();
  const auto [at, problem] = std::from_chars(text.data(), end, value);
  if (problem == std::errc() && at == end) return put(row, value);
  NumberText number;  // "1.0" and "1e3" are integers as well
  if (!parse_number(text, number)) return false;
  const auto exact = to_decimal(number, 0);
  if (!exact || *exact < Int128{std::numeric_limits<T>::min()} ||
      *exact > Int128{std::numeric_limits<T>::max()})
    return false;
  return put(row, static_cast<T>(*exact));
}

bool CellWriter::write_decimal(idx_t row, std::string_view text) {
  NumberText number;
  if (!parse_number(text, number)) return false;
  const auto exact = to_decimal(number, type_.scale);
  if (!exact) return false;
  const Int128 limit = power_of_ten(type_.width);
  if (*exact >= limit || *exact <= -limit) return false;
  if (type_.width <= 4) return put(row, static_cast<std::int16_t>(*exact));
  if (type_.width <= 9) return put(row, static_cast<std::int32_t>(*exact));
  if (type_.width <= 18) return put(row, static_cast<std::int64_t>(*exact));
  return put(row, duckdb_hugeint{static_cast<std::uint64_t>(*exact),
                                 static_cast<std::int64_t>(*exact >> 64)});
}

bool CellWriter::write_number(idx_t row, std::string_view text) {
  switch (type_.type) {
    case CellType::int8:
      return write_integer<std::int8_t>(row, text);
    case CellType::int16:
      return write_integer<std::int16_t>(row, text);
    case CellType::int32:
      return write_integer<std::int32_t>(row, text);
    case CellType::int64:
      return write_integer<std::int64_t>(row, text);
    case CellType::uint8:
      return write_integer<std::uint8_t>(row, text);
    case CellType::uint16:
      return write_integer<std::uint16_t>(row, text);
    case CellType::uint32:
      return write_integer<std::uint32_t>(row, text);
    case CellType::uint64:
      return write_integer<std::uint64_t>(row, text);
    case CellType::decimal:
      return write_decimal(row, text);
    default:
      break;
  }
  NumberText number;
  std::optional<double> value = infinity_of(text);
  if (!value) value = parse_number(text, number) ? to_double(text) : std::nullopt;
  if (!value) return false;
  if (type_.type == CellType::float64) return put(row, *value);
  const auto narrow = static_cast<float>(*value);
  return std::isinf(narrow) == std::isinf(*value) && put(row, narrow);
}

bool CellWriter::write_time(idx_t row, std::string_view text) {
  TimeParts parts;
  DayMonth both;
  if (type_.format) {
    if (!type_.format->parse(text, parts)) return false;
  } else if (!parse_iso_time(text, parts)) {
    if (!type_.day_first || !parse_day_month(text, both)) return false;
    parts = both.parts(*type_.day_first);
    if (!parts.valid_date()) return false;
  }
  if (parts.below_micros) return false;
  if (type_.type != CellType::date) return put(row, parts.micros());
  if (parts.has_offset || parts.micros_of_day != 0) return false;
  return put(row, static_cast<std::int32_t>(parts.days()));
}

bool CellWriter::write_boolean(idx_t row, const Cell& cell) {
  const auto value = cell.kind == Cell::Kind::boolean ? plain_boolean(cell.text)
                                                      : lenient_boolean(trimmed(cell.text));
  return value && put(row, *value);
}

bool CellWriter::write_text(idx_t row, std::string_view text) {
  duckdb_vector_assign_string_element_len(vector_, row, text.data(), text.size());
  return true;
}

bool CellWriter::write(idx_t row, const Cell& cell) {
  wrote_nan_ = false;
  if (cell.kind == Cell::Kind::null) {
    write_null(row);
    return true;
  }
  if (type_.type == CellType::json) return write_text(row, cell.raw.empty() ? cell.text : cell.raw);
  if (type_.type == CellType::text) return write_text(row, cell.text);
  if (cell.text.empty() && cell.kind == Cell::Kind::plain) {  // a quoted empty field of CSV
    write_null(row);
    return true;
  }
  if (type_.type == CellType::boolean) return write_boolean(row, cell);
  if (cell.kind == Cell::Kind::boolean || cell.kind == Cell::Kind::nested) return false;
  std::string_view text = trimmed(cell.text);
  if (is_time(type_.type)) return write_time(row, text);
  if (is_nan_text(text)) {
    wrote_nan_ = true;
    write_null(row);
    return true;
  }
  // Strings of JSON are written without separators for people.
  if (!style_.plain() && cell.kind == Cell::Kind::plain) {
    if (!normalise_number(text, style_.decimal, style_.thousands, number_)) return false;
    text = number_;
  }
  if (write_number(row, text)) return true;
  const std::string again = without_leading_zeros(text);
  return again != text && write_number(row, again);
}

}  // namespace millrace::data
