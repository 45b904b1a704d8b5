#include "engine/data/table.h"

#include <unordered_map>

namespace millrace::data {
namespace {
const Json kNullCell;
}

const TableColumn* Table::find(std::string_view name) const {
  for (const auto& column : columns)
    if (column.name == name) return &column;
  return nullptr;
}

const Json& Table::at(std::size_t row, std::string_view name) const {
  const TableColumn* column = find(name);
  return column != nullptr && row < column->cells.size() ? column->cells[row] : kNullCell;
}

Json Table::row(std::size_t index) const {
  Json out = Json::object();
  for (const auto& column : columns) out.set(column.name, column.cells[index]);
  return out;
}

Json Table::to_json() const {
  Json out = Json::array();
  for (std::size_t i = 0; i < rows(); ++i) out.push_back(row(i));
  return out;
}

std::size_t ColumnData::rows() const {
  switch (kind) {
    case Kind::number:
      return numbers.size();
    case Kind::time:
      return micros.size();
    case Kind::text:
      return codes.size();
  }
  return 0;
}

ColumnData ColumnData::of_numbers(std::string name, std::vector<double> values) {
  ColumnData out;
  out.name = std::move(name);
  out.numbers = std::move(values);
  return out;
}

ColumnData ColumnData::of_micros(std::string name, std::vector<std::int64_t> values) {
  ColumnData out;
  out.name = std::move(name);
  out.kind = Kind::time;
  out.micros = std::move(values);
  return out;
}

ColumnData ColumnData::of_texts(std::string name, const std::vector<std::string>& values) {
  ColumnData out;
  out.name = std::move(name);
  out.kind = Kind::text;
  out.codes.reserve(values.size());
  std::unordered_map<std::string_view, std::uint32_t> known;
  for (const auto& value : values) {
    const auto [place, added] =
        known.try_emplace(value, static_cast<std::uint32_t>(out.dictionary.size()));
    if (added) out.dictionary.push_back(value);
    out.codes.push_back(place->second);
  }
  return out;
}

}  // namespace millrace::data
