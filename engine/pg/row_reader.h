// Rows as records: the columns of a query are the fields of a record (engine/base/fields.h), by
// name and in order, and each member is converted by its type. In engine/pg/sql, the header of a
// query names the record of its rows:
//
//   -- name: list_alerts  row: Alert
//
// A column is NULL where the member keeps its default. A time is a bigint (microseconds), an
// enumeration its name, and the members of a nested record have its field's name in front
// ("owner_run"; a field without a name adds nothing). A query whose columns differ is `internal`,
// whenever it is asked; tests/pg/schema_test.cc asks all of them.
//
// Thread-safe: no state.
#pragma once

#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/record_json.h"
#include "engine/pg/session.h"

namespace millrace::pg {

enum class ColumnKind : std::uint8_t { flag, integer, real, text, uuid, json, texts, integers };

struct Column {
  std::string name;
  ColumnKind kind = ColumnKind::text;
};

/// Throws unless the rows have these columns.
void check_columns(const Rows& rows, const std::vector<Column>& columns, std::string_view query);
/// Throws unless the header of the query names this record ("": none).
void check_record_name(std::string_view query, std::string_view record);

namespace detail {

[[noreturn]] void refuse_cell(const Cell& cell, std::string_view expected);
Json json_of(const Cell& cell);

template <typename T>
constexpr ColumnKind kind_of() {
  using millrace::detail::kIsOptional;
  using millrace::detail::kIsVector;
  if constexpr (kIsOptional<T>)
    return kind_of<typename T::value_type>();
  else if constexpr (std::same_as<T, bool>)
    return ColumnKind::flag;
  else if constexpr (std::integral<T> || std::same_as<T, Time> || std::same_as<T, Duration>)
    return ColumnKind::integer;
  else if constexpr (std::floating_point<T>)
    return ColumnKind::real;
  else if constexpr (std::same_as<T, std::string> || Named<T>)
    return ColumnKind::text;
  else if constexpr (std::same_as<T, Uuid>)
    return ColumnKind::uuid;
  else if constexpr (std::same_as<T, Json>)
    return ColumnKind::json;
  else if constexpr (std::same_as<T, std::vector<std::string>>)
    return ColumnKind::texts;
  else if constexpr (std::same_as<T, std::vector<std::int64_t>>)
    return ColumnKind::integers;
  else
    static_assert(millrace::detail::kNever<T>, "this type has no column");
}

/// Of the members of T that are stored; what is only shown has no column.
template <Fielded T, typename Visit>
void for_each_member(const Visit& visit) {
  for_each_field<T>([&](const auto& field) {
    if constexpr (std::is_member_object_pointer_v<std::remove_cvref_t<decltype(field.get)>>)
      visit(field);
  });
}

template <Fielded T>
void add_columns(std::vector<Column>& to, const std::string& prefix) {
  for_each_member<T>([&](const auto& field) {
    using Member = std::remove_cvref_t<decltype(std::declval<T&>().*field.get)>;
    const std::string name = prefix + std::string(field.name);
    if constexpr (Fielded<Member>)
      add_columns<Member>(to, field.name.empty() ? prefix : name + "_");
    else
      to.push_back({name, kind_of<Member>()});
  });
}

template <typename T>
void read_cell(const Cell& cell, T& to) {
  if (cell.is_null()) return;
  if constexpr (millrace::detail::kIsOptional<T>) {
    read_cell(cell, to.emplace());
  } else if constexpr (std::same_as<T, bool>) {
    to = cell.flag();
  } else if constexpr (std::integral<T>) {
    const std::int64_t number = cell.number();
    if (!std::in_range<T>(number)) refuse_cell(cell, "a smaller number");
    to = static_cast<T>(number);
  } else if constexpr (std::floating_point<T>) {
    to = cell.real();
  } else if constexpr (std::same_as<T, std::string>) {
    to = cell.view();
  } else if constexpr (Named<T>) {
    const auto value = from_name<T>(cell.view());
    if (!value) refuse_cell(cell, "a value that this version knows");
    to = *value;
  } else if constexpr (std::same_as<T, Uuid>) {
    to = cell.id();
  } else if constexpr (std::same_as<T, Time>) {
    to = cell.time();
  } else if constexpr (std::same_as<T, Duration>) {
    to = Duration{cell.number()};
  } else if constexpr (std::same_as<T, Json>) {
    to = json_of(cell);
  } else if constexpr (std::same_as<T, std::vector<std::string>>) {
    to = cell.words();
  } else {
    to = cell.numbers();
  }
}

template <Fielded T>
void read_cells(const Rows& rows, std::size_t row, int& column, T& to) {
  for_each_member<T>([&](const auto& field) {
    auto& member = to.*field.get;
    if constexpr (Fielded<std::remove_cvref_t<decltype(member)>>)
      read_cells(rows, row, column, member);
    else
      read_cell(rows.at(row, column++), member);
  });
}

}  // namespace detail

/// Of a record; of another type, one column of any name.
template <typename T>
const std::vector<Column>& columns_of() {
  static const auto columns = [] {
    std::vector<Column> out;
    if constexpr (Fielded<T>)
      detail::add_columns<T>(out, "");
    else
      out.push_back({"", detail::kind_of<T>()});
    return out;
  }();
  return columns;
}

template <typename T>
constexpr std::string_view record_name_of() {
  if constexpr (Fielded<T>)
    return T::record_name;
  else
    return "";
}

/// The rows of a query, in order. Throws, as Session::exec does.
template <typename T>
std::vector<T> read_rows(Session& session, std::string_view query, const Params& params = {}) {
  check_record_name(query, record_name_of<T>());
  const Rows rows = session.exec(query, params);
  check_columns(rows, columns_of<T>(), query);
  std::vector<T> out(rows.size());
  for (std::size_t i = 0; i < rows.size(); ++i) {
    int column = 0;
    if constexpr (Fielded<T>)
      detail::read_cells(rows, i, column, out[i]);
    else
      detail::read_cell(rows.at(i, column), out[i]);
  }
  return out;
}

}  // namespace millrace::pg
