// Types made of the list AppendedRows (model_rows.h), so that no store names its rows one by one.
#pragma once

#include <cstddef>
#include <string>
#include <tuple>
#include <type_traits>
#include <variant>
#include <vector>

#include "engine/store/model_rows.h"

namespace millrace {

template <typename Rows>
struct AppendedTypes;
template <typename... Rows>
struct AppendedTypes<std::tuple<Rows...>> {
  using OneList = std::variant<std::vector<Rows>...>;
  using AllLists = std::tuple<std::vector<Rows>...>;

  template <typename Row>
  static constexpr bool kHas = (std::is_same_v<Row, Rows> || ...);
  template <typename Effect>
  static constexpr bool kMakes = (std::is_same_v<Effect, typename Rows::MadeBy> || ...);

  /// Calls `visit` with the type of the row that the effect adds.
  template <typename Effect, typename Visit>
  static void with_row_of(const Visit& visit) {
    const auto look = [&]<typename Row>(std::type_identity<Row> row) {
      if constexpr (std::is_same_v<Effect, typename Row::MadeBy>) visit(row);
    };
    (look(std::type_identity<Rows>{}), ...);
  }
};

/// Which rows are asked for: all, or those of a namespace; rows with `subject()` then of one
/// subject.
struct AppendedFilter {
  std::string namespace_{};  // "": all
  std::string subject{};     // "": all
};

template <typename Row>
concept HasSubject = requires(const Row& row) {
  row.subject();
};

template <typename Row>
bool matches(const AppendedFilter& filter, const Row& row) {
  if (filter.namespace_.empty()) return true;
  if (row.namespace_ != filter.namespace_) return false;
  if constexpr (HasSubject<Row>)
    return row.subject() == filter.subject;
  else
    return true;
}

/// The rows of one of the tables; its place in the variant is that of its row in AppendedRows.
using AppendedList = AppendedTypes<AppendedRows>::OneList;
using AppendedLists = AppendedTypes<AppendedRows>::AllLists;

template <typename Row>
concept AppendedRow = AppendedTypes<AppendedRows>::kHas<Row>;
template <typename Effect>
concept AppendingEffect = AppendedTypes<AppendedRows>::kMakes<Effect>;

template <AppendedRow Row>
std::size_t place_of() {
  return AppendedList(std::vector<Row>()).index();
}

/// The row that the effect adds, to `add`.
template <AppendingEffect Effect, typename Add>
void append_row_of(const EffectSource& source, const Effect& effect, const Add& add) {
  AppendedTypes<AppendedRows>::with_row_of<Effect>(
      [&]<typename Row>(std::type_identity<Row>) { add(Row::of(source, effect)); });
}

}  // namespace millrace
