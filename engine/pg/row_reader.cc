#include "engine/pg/row_reader.h"

#include <algorithm>
#include <array>

#include "engine/pg/failure.h"
#include "engine/pg/sql_text.h"

namespace millrace::pg {
namespace {

struct KindOfColumn {
  std::string_view name;          // for people
  std::array<unsigned, 3> types;  // object ids of pg_type, which PostgreSQL never changes; 0: none
};

// By ColumnKind.
constexpr std::array<KindOfColumn, 8> kKinds = {{
    {"a boolean", {16}},
    {"an integer", {20, 23, 21}},
    {"a float", {701, 700}},
    {"a text", {25, 1043}},
    {"a uuid", {2950}},
    {"a json", {114, 3802}},
    {"a text[]", {1009}},
    {"a bigint[]", {1016, 1007}},
}};

const KindOfColumn& kind_of(const Column& column) {
  return kKinds[static_cast<std::size_t>(column.kind)];
}

bool fits(const Rows& rows, int place, const Column& column) {
  const auto& types = kind_of(column).types;
  return (column.name.empty() || rows.name(place) == column.name) &&
         std::ranges::find(types, rows.type(place)) != types.end();
}

[[noreturn]] void refuse(const std::string& message) { throw Refusal(internal_error(message)); }

}  // namespace

void check_columns(const Rows& rows, const std::vector<Column>& columns, std::string_view query) {
  const auto n = static_cast<std::size_t>(rows.columns());
  if (n != columns.size())
    refuse("query '" + std::string(query) + "' gives " + std::to_string(n) +
           " columns; its record has " + std::to_string(columns.size()));
  for (int i = 0; i < rows.columns(); ++i) {
    const Column& column = columns[static_cast<std::size_t>(i)];
    if (fits(rows, i, column)) continue;
    refuse("column " + std::to_string(i + 1) + " of query '" + std::string(query) + "' is '" +
           rows.name(i) + "' of type " + std::to_string(rows.type(i)) + "; expected '" +
           column.name + "', " + std::string(kind_of(column).name));
  }
}

void check_record_name(std::string_view query, std::string_view record) {
  const std::string_view named = find_query(query).row;
  if (named == record) return;
  refuse("the rows of query '" + std::string(query) + "' are read as '" + std::string(record) +
         "'; its header names '" + std::string(named) + "'");
}

namespace detail {

void refuse_cell(const Cell& cell, std::string_view expected) {
  refuse("the database holds '" + cell.text() + "'; expected " + std::string(expected));
}

Json json_of(const Cell& cell) {
  auto json = Json::parse(cell.view(), {.max_bytes = std::size_t{1} << 30, .max_depth = 1000});
  if (!json) throw Refusal(json.error());
  return *std::move(json);
}

}  // namespace detail
}  // namespace millrace::pg
