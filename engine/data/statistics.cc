#include "engine/data/statistics.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "engine/data/nesting.h"
#include "engine/data/scan.h"
#include "engine/data/sql.h"

namespace millrace::data {
namespace {

constexpr std::int64_t kQuantileRows = 200'000;
constexpr std::int64_t kMostTopDistinct = 10'000;
constexpr std::size_t kMostDetailed = 1'000;     // columns that get quantiles and top values
constexpr std::size_t kMostSummarised = 10'000;  // columns that get more than name and type
constexpr int kMostCharacters = 100;             // of min, max and top of a text
/// Squares of smaller numbers can be summed without leaving the range of a double.
constexpr double kSquarable = 1e140;
constexpr std::array<std::pair<const char*, const char*>, 7> kQuantiles = {{{"p01", "0.01"},
                                                                            {"p05", "0.05"},
                                                                            {"p25", "0.25"},
                                                                            {"p50", "0.5"},
                                                                            {"p75", "0.75"},
                                                                            {"p95", "0.95"},
                                                                            {"p99", "0.99"}}};

enum class Shape { number, floating, boolean, time, text, other, nested };

/// A column, and the type to which it is cast to share a query with others.
struct Column {
  std::string name;
  std::string type;
  Shape shape = Shape::other;
  std::string carrier;
};

Shape shape_of(std::string_view type) {
  if (nesting_of(type) > 0) return Shape::nested;
  if (type == "BOOLEAN") return Shape::boolean;
  if (type == "VARCHAR" || type.starts_with("ENUM")) return Shape::text;
  if (type.starts_with("TIMESTAMP") || type == "DATE") return Shape::time;
  if (type == "FLOAT" || type == "DOUBLE") return Shape::floating;
  for (const std::string_view name : {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT",
                                      "USMALLINT", "UINTEGER", "UBIGINT", "HUGEINT", "UHUGEINT"})
    if (type == name) return Shape::number;
  return type.starts_with("DECIMAL") ? Shape::number : Shape::other;
}

std::string carrier_of(Shape shape, const std::string& type) {
  switch (shape) {
    case Shape::text:
      return "VARCHAR";
    case Shape::floating:
      return "DOUBLE";
    case Shape::other:
      return "BOOLEAN";
    case Shape::number:
      if (type == "UBIGINT") return "HUGEINT";
      return type.ends_with("HUGEINT") || type.starts_with("DECIMAL") ? type : "BIGINT";
    default:
      return type;
  }
}

bool is_numeric(Shape shape) { return shape == Shape::number || shape == Shape::floating; }
bool has_mean(Shape shape) { return is_numeric(shape) || shape == Shape::boolean; }
bool has_order(Shape shape) { return shape != Shape::other && shape != Shape::nested; }

std::string quantile_levels() {
  std::vector<std::string> levels;
  for (const auto& quantile : kQuantiles) levels.emplace_back(quantile.second);
  return "[" + join(levels, ", ") + "]";
}

/// Columns of one carrier in one query, as rows (k, r, v): the cost grows with the number of
/// columns, while a SELECT with an aggregate for each column costs the square of it to plan.
class Batch {
 public:
  Batch(const std::string& relation, const std::vector<const Column*>& columns)
      : relation_(relation), columns_(columns), shape_(columns.front()->shape) {}

  Shape shape() const { return shape_; }
  const std::vector<const Column*>& columns() const { return columns_; }

  /// k: the column's place in the batch; r: the row's number; v: the value, a NaN as null; nan.
  std::string source() const {
    std::vector<std::string> values;
    for (const Column* column : columns_) values.push_back(value_of(*column));
    const bool one = values.size() == 1;
    const std::string rows =
        "(SELECT " + (one ? values[0] : "unnest([" + join(values, ", ") + "])") + " AS v, " +
        (one ? "0" : "unnest(range(" + std::to_string(values.size()) + "))") +
        " AS k, file_row_number AS r FROM " + relation_ + ")";
    if (shape_ != Shape::floating) return "(SELECT *, false AS nan FROM " + rows + ")";
    return "(SELECT * REPLACE (CASE WHEN isnan(v) THEN NULL ELSE v END AS v), "
           "coalesce(isnan(v), false) AS nan FROM " +
           rows + ")";
  }

  /// One row for each column, in the order of `columns()`; quantiles of every `step`-th row.
  std::string aggregates(std::int64_t step, bool quantiles) const {
    std::string items = "k, count(*) - count(v) AS nulls, count(*) FILTER (WHERE nan) AS nans";
    if (has_order(shape_)) {
      const auto cut = [&](const std::string& value) {
        return shape_ == Shape::text
                   ? "left(" + value + ", " + std::to_string(kMostCharacters) + ")"
                   : value;
      };
      items += ", approx_count_distinct(v) AS \"distinct\", " + cut("min(v)") + " AS low, " +
               cut("max(v)") + " AS high";
    }
    if (!has_mean(shape_))
      return "SELECT " + items + " FROM " + source() + " GROUP BY k ORDER BY k";
    items +=
        ", avg(s) AS mean, stddev_samp(s) AS deviation, bool_or(f IS NOT NULL AND s IS NULL) "
        "AS large";
    if (quantiles && is_numeric(shape_))
      items += ", quantile_cont(q, " + quantile_levels() + ") AS quantiles";
    return "SELECT " + items + " FROM (SELECT *, CASE WHEN abs(f) < " + number(kSquarable) +
           " THEN f END AS s, CASE WHEN r % " + std::to_string(step) +
           " = 0 THEN f END AS q FROM " + finite() + ") GROUP BY k ORDER BY k";
  }

  /// Mean and deviation of numbers so large that their squares are no doubles.
  std::string large_moments() const {
    return "SELECT avg(f * 1e-170) AS mean, stddev_samp(f * 1e-170) AS deviation FROM " + finite();
  }

  std::string top_values() const {
    const std::string value =
        shape_ == Shape::text ? "left(v, " + std::to_string(kMostCharacters) + ")" : "v";
    return "SELECT k, " + value + " AS value, n FROM (SELECT k, v, count(*) AS n FROM " + source() +
           " WHERE v IS NOT NULL GROUP BY k, v) QUALIFY row_number() OVER (PARTITION BY k ORDER BY "
           "n DESC, v) <= 5 ORDER BY k, n DESC, v";
  }

 private:
  static std::string number(double value) { return literal(Json(value)); }

  std::string value_of(const Column& column) const {
    const std::string quoted = quote_identifier(column.name);
    if (column.shape == Shape::other) return "CASE WHEN " + quoted + " IS NOT NULL THEN true END";
    return column.carrier == column.type ? quoted
                                         : "CAST(" + quoted + " AS " + column.carrier + ")";
  }

  /// f: the value as a double where it is finite. An infinity says nothing about the rest.
  std::string finite() const {
    const std::string value = "CAST(v AS DOUBLE)";
    return "(SELECT *, " +
           (shape_ == Shape::floating ? "CASE WHEN isfinite(v) THEN v END" : value) +
           " AS f FROM " + source() + ")";
  }

  const std::string& relation_;
  std::vector<const Column*> columns_;
  Shape shape_;
};

Json quantiles_of(const Json& values) {
  Json out = Json::object();
  for (std::size_t i = 0; i < kQuantiles.size(); ++i) out.set(kQuantiles[i].first, values.at(i));
  return out;
}

class Statistics {
 public:
  Statistics(Session& session, const std::filesystem::path& parquet)
      : session_(session), parquet_(parquet), relation_(parquet_relation(parquet)) {}

  Result<TableStatistics> run() {
    MR_CHECK(read_shape());
    for (const auto& columns : batches(columns_)) MR_CHECK(summarise(Batch(relation_, columns)));
    std::vector<const Column*> few;
    for (std::size_t i = 0; i < columns_.size() && columns_.size() <= kMostDetailed; ++i)
      if (wants_top(columns_[i], described_[i])) few.push_back(&columns_[i]);
    for (const auto& columns : batches_of(few)) MR_CHECK(add_top(Batch(relation_, columns)));
    for (auto& column : described_) out_.columns.push_back(std::move(column));
    return std::move(out_);
  }

 private:
  Status read_shape() {
    MR_TRY(const Table counted,
           session_.query("SELECT sum(num_rows)::BIGINT AS rows FROM parquet_file_metadata(" +
                          quote_literal(parquet_.string()) + ")"));
    out_.rows = counted.at(0, "rows").as_int();
    MR_TRY(const Table schema,
           session_.query("SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM " +
                          relation_ + ")"));
    const auto &names = schema.columns[0].cells, &types = schema.columns[1].cells;
    for (std::size_t i = 0; i < schema.rows(); ++i) {
      const std::string type = types[i].as_string();
      Shape shape = shape_of(type);
      columns_.push_back({names[i].as_string(), type, shape, carrier_of(shape, type)});
      described_.push_back(Json::object({{"name", names[i]}, {"type", type}}));
    }
    return {};
  }

  /// A short table is read in wide batches, a long one column by column: there the scan costs more
  /// than the plan.
  std::vector<std::vector<const Column*>> batches_of(const std::vector<const Column*>& wanted) {
    const std::size_t most = out_.rows > 20'000 ? 1 : 1024;
    std::map<std::pair<Shape, std::string>, std::vector<const Column*>> groups;
    std::vector<std::vector<const Column*>> out;
    const auto flush = [&](std::vector<const Column*>& group) {
      if (!group.empty()) out.push_back(std::move(group));
      group.clear();
    };
    for (const Column* column : wanted) {
      auto& group = groups[{column->shape, column->carrier}];
      group.push_back(column);
      if (group.size() == most) flush(group);
    }
    for (auto& [key, group] : groups) flush(group);
    return out;
  }

  std::vector<std::vector<const Column*>> batches(const std::vector<Column>& columns) {
    std::vector<const Column*> wanted;
    for (const auto& column : columns)
      if (column.shape != Shape::nested && columns.size() <= kMostSummarised)
        wanted.push_back(&column);
    return batches_of(wanted);
  }

  Json& described(const Column* column) {
    return described_[static_cast<std::size_t>(column - columns_.data())];
  }

  Status summarise(const Batch& batch) {
    const std::int64_t step = out_.rows / kQuantileRows + 1;
    const bool quantiles = columns_.size() <= kMostDetailed;
    MR_TRY(const Table numbers, session_.query(batch.aggregates(step, quantiles)));
    for (std::size_t i = 0; i < batch.columns().size(); ++i) {
      const Column* column = batch.columns()[i];
      Json& out = described(column);
      // A table without rows has no group.
      out.set("nulls", numbers.rows() == 0 ? Json(0) : numbers.at(i, "nulls"));
      if (numbers.at(i, "nans").as_int() > 0) out.set("nans", numbers.at(i, "nans"));
      if (!has_order(batch.shape())) continue;
      out.set("distinct", numbers.rows() == 0 ? Json(0) : numbers.at(i, "distinct"));
      out.set("min", numbers.at(i, "low"));
      out.set("max", numbers.at(i, "high"));
      if (has_mean(batch.shape())) MR_CHECK(add_moments(numbers, i, column, out));
      if (is_numeric(batch.shape()) && quantiles)
        out.set("quantiles", quantiles_of(numbers.at(i, "quantiles")));
    }
    return {};
  }

  Status add_moments(const Table& numbers, std::size_t row, const Column* column, Json& out) {
    out.set("mean", numbers.at(row, "mean"));
    out.set("stddev", numbers.at(row, "deviation"));
    if (!numbers.at(row, "large").as_bool(false)) return {};
    MR_TRY(const Table moments, session_.query(Batch(relation_, {column}).large_moments()));
    for (const auto& [name, from] : {std::pair{"mean", "mean"}, std::pair{"stddev", "deviation"}}) {
      const double value = moments.at(0, from).as_double(NAN) * 1e170;
      out.set(name, std::isfinite(value) ? Json(value) : Json());
    }
    return {};
  }

  static bool wants_top(const Column& column, const Json& described) {
    return column.shape == Shape::boolean ||
           (column.shape == Shape::text && described["distinct"].as_int() <= kMostTopDistinct);
  }

  Status add_top(const Batch& batch) {
    for (const Column* column : batch.columns()) described(column).set("top", Json::array());
    MR_TRY(const Table top, session_.query(batch.top_values()));
    for (std::size_t i = 0; i < top.rows(); ++i) {
      Json& out = described(batch.columns()[static_cast<std::size_t>(top.at(i, "k").as_int())]);
      Json list = out["top"];
      list.push_back(Json::object({{"value", top.at(i, "value")}, {"count", top.at(i, "n")}}));
      out.set("top", std::move(list));
    }
    return {};
  }

  Session& session_;
  const std::filesystem::path& parquet_;
  const std::string relation_;
  std::vector<Column> columns_;
  std::vector<Json> described_;
  TableStatistics out_;
};

}  // namespace

Result<TableStatistics> table_statistics(Session& session, const std::filesystem::path& parquet) {
  return Statistics(session, parquet).run();
}

}  // namespace millrace::data
