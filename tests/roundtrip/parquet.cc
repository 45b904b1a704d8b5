#include "tests/roundtrip/parquet.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <numeric>
#include <string>

#include "engine/data/sql.h"

namespace millrace::roundtrip {
namespace {

std::string real_text(double value) {
  if (std::isnan(value)) return "nan";
  if (std::isinf(value)) return value > 0 ? "inf" : "-inf";
  char text[40];
  std::snprintf(text, sizeof text, "%.17g", value);
  return text;
}

std::size_t digits_after_point(const std::string& number) {
  const auto point = number.find('.');
  return point == std::string::npos ? 0 : number.size() - point - 1;
}

std::size_t digits_before_point(const std::string& number) {
  const std::string whole = number.substr(0, number.find('.'));
  return static_cast<std::size_t>(std::ranges::count_if(whole, [](char c) { return c != '-'; }));
}

std::string decimal_type(Dice& dice, const Column& column) {
  std::size_t before = 1, after = 0;
  for (const auto& value : column.values) {
    if (value.null) continue;
    before = std::max(before, digits_before_point(value.exact));
    after = std::max(after, digits_after_point(value.exact));
  }
  if (before + after > 38) return "VARCHAR";
  const std::size_t width = dice.chance(2) ? 38 : before + after;
  return "DECIMAL(" + std::to_string(width) + "," + std::to_string(after) + ")";
}

std::string integer_type(Dice& dice, const Column& column) {
  bool small = true, positive = true;
  for (const auto& value : column.values) {
    if (value.null) continue;
    small = small && value.exact.size() < 10;
    positive = positive && value.exact.front() != '-';
  }
  std::vector<std::string> types = {"BIGINT"};
  if (small) types.emplace_back("INTEGER");
  if (positive) types.emplace_back("UBIGINT");
  if (small && positive) types.emplace_back("UINTEGER");
  return dice.of(types);
}

/// The type in which one file holds the column.
std::string type_of(Dice& dice, const Column& column) {
  switch (column.kind) {
    case Kind::integer:
      return integer_type(dice, column);
    case Kind::big:
    case Kind::decimal:
      return decimal_type(dice, column);
    case Kind::real:
      return "DOUBLE";
    case Kind::boolean:
      return "BOOLEAN";
    case Kind::date:
      return "DATE";
    case Kind::timestamp:
      return "TIMESTAMP";
    case Kind::instant:
      return "TIMESTAMPTZ";
    case Kind::nothing:
      return "INTEGER";
    default:
      return "VARCHAR";
  }
}

std::string literal(const Column& column, const Value& value, const std::string& type) {
  if (value.null) return "CAST(NULL AS " + type + ")";
  switch (column.kind) {
    case Kind::date:
    case Kind::timestamp:
    case Kind::instant:
      return "CAST(make_timestamp(" + std::to_string(value.micros) + ") AS " + type + ")";
    default:
      return "CAST(" + data::quote_literal(value.written) + " AS " + type + ")";
  }
}

void fill_written(Table& table) {
  for (auto& column : table.columns)
    for (auto& value : column.values) {
      value.written = "";
      if (value.null) continue;
      if (column.kind == Kind::real)
        value.written = real_text(value.number);
      else if (column.kind == Kind::boolean)
        value.written = value.truth ? "true" : "false";
      else
        value.written = value.exact;
    }
}

/// A type that may not hold the values: then an error is right, another value never.
void declare_types(Dice& dice, const Table& table, ParquetFiles& out) {
  for (const auto& column : table.columns) {
    if (!dice.chance(8)) continue;
    std::vector<std::string> types;
    if (column.kind == Kind::integer) types = {"BIGINT", "DOUBLE", "INTEGER", "integer"};
    if (column.kind == Kind::decimal || column.kind == Kind::big)
      types = {"BIGINT", "DOUBLE", "number", "DECIMAL(18,1)"};
    if (column.kind == Kind::real) types = {"BIGINT", "number", "DECIMAL(18,2)"};
    if (column.kind == Kind::date) types = {"TIMESTAMP", "DATE"};
    if (column.kind == Kind::timestamp) types = {"DATE", "timestamp"};
    if (types.empty()) continue;
    out.types.set(column.name, dice.of(types));
    out.may_refuse = true;
  }
}

/// Rows [from, to) with the columns in that order.
std::string select_of(const Table& table, const std::vector<std::size_t>& order,
                      const std::vector<std::string>& types, std::size_t from, std::size_t to) {
  std::vector<std::string> names, rows;
  for (const std::size_t c : order) names.push_back(data::quote_identifier(table.columns[c].name));
  const auto row_of = [&](std::size_t row) {
    std::vector<std::string> cells;
    for (const std::size_t c : order) {
      static const Value kNull;
      const Column& column = table.columns[c];
      cells.push_back(literal(column, row < to ? column.values[row] : kNull, types[c]));
    }
    return "(" + data::join(cells, ", ") + ")";
  };
  for (std::size_t row = from; row < to; ++row) rows.push_back(row_of(row));
  if (rows.empty()) rows.push_back(row_of(to));  // no rows, but types
  return "SELECT * FROM (VALUES " + data::join(rows, ", ") + ") t(" + data::join(names, ", ") +
         ")" + (from < to ? "" : " LIMIT 0");
}

}  // namespace

Result<ParquetFiles> write_parquet_files(Dice& dice, Table& table, data::Session& session,
                                         const std::filesystem::path& folder) {
  fill_written(table);
  ParquetFiles out;
  declare_types(dice, table, out);
  std::vector<std::string> types;
  for (const auto& column : table.columns) types.push_back(type_of(dice, column));
  const std::size_t files = 1 + (dice.chance(4) ? dice.roll(3) : 0);
  std::size_t from = 0;
  for (std::size_t i = 0; i < files; ++i) {
    const std::size_t to = i + 1 == files ? table.rows : from + dice.roll(table.rows - from + 1);
    std::vector<std::size_t> order(table.columns.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    if (i > 0)
      for (std::size_t k = order.size(); k > 1; --k) std::swap(order[k - 1], order[dice.roll(k)]);
    // Integers of several widths in one data set.
    for (std::size_t c = 0; i > 0 && c < types.size(); ++c)
      if (table.columns[c].kind == Kind::integer) types[c] = integer_type(dice, table.columns[c]);
    const auto file = folder / (std::to_string(i) + ".parquet");
    const std::string codec =
        dice.of(std::vector<std::string>{"uncompressed", "snappy", "zstd", "gzip", "lz4_raw"});
    MR_CHECK(session.execute("COPY (" + select_of(table, order, types, from, to) + ") TO " +
                             data::quote_literal(file.string()) + " (FORMAT parquet, COMPRESSION " +
                             codec + ", PARQUET_VERSION " + (dice.chance(2) ? "V1" : "V2") +
                             ", ROW_GROUP_SIZE " + (dice.chance(2) ? "2048" : "122880") + ")"));
    out.files.push_back(file);
    from = to;
  }
  return out;
}

}  // namespace millrace::roundtrip
