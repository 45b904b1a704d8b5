#include "engine/data/statistics.h"

#include <array>
#include <string>
#include <utility>
#include <vector>

#include "engine/data/scan.h"
#include "engine/data/sql.h"

namespace millrace::data {
namespace {

constexpr std::int64_t kQuantileRows = 200'000;
constexpr std::int64_t kMostTopDistinct = 10'000;
constexpr std::array<std::pair<const char*, const char*>, 7> kQuantiles = {{{"p01", "0.01"},
                                                                            {"p05", "0.05"},
                                                                            {"p25", "0.25"},
                                                                            {"p50", "0.5"},
                                                                            {"p75", "0.75"},
                                                                            {"p95", "0.95"},
                                                                            {"p99", "0.99"}}};

enum class Shape { number, boolean, time, text, other };

Shape shape_of(std::string_view type) {
  if (type == "BOOLEAN") return Shape::boolean;
  if (type == "VARCHAR" || type.starts_with("ENUM")) return Shape::text;
  if (type.starts_with("TIMESTAMP") || type == "DATE") return Shape::time;
  for (const std::string_view name :
       {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "UTINYINT", "USMALLINT", "UINTEGER", "UBIGINT",
        "HUGEINT", "FLOAT", "DOUBLE"})
    if (type == name) return Shape::number;
  return type.starts_with("DECIMAL") ? Shape::number : Shape::other;
}

/// "expr AS c3_name": aggregates carry the column's index, names may be anything.
std::string aggregate(const std::string& expression, std::size_t index, std::string_view what) {
  return expression + " AS c" + std::to_string(index) + "_" + std::string(what);
}

void append_aggregates(std::vector<std::string>& out, const std::string& column, Shape shape,
                       std::size_t index, std::int64_t step) {
  out.push_back(aggregate("count(*) - count(" + column + ")", index, "nulls"));
  if (shape == Shape::other) return;
  out.push_back(aggregate("approx_count_distinct(" + column + ")", index, "distinct"));
  out.push_back(aggregate("min(" + column + ")", index, "min"));
  out.push_back(aggregate("max(" + column + ")", index, "max"));
  if (shape != Shape::number && shape != Shape::boolean) return;
  // A NaN or an infinity would make stddev fail and says nothing about the rest.
  const std::string value = "CAST(" + column + " AS DOUBLE)";
  const std::string finite = " FILTER (WHERE isfinite(" + value + "))";
  out.push_back(aggregate("avg(" + value + ")" + finite, index, "mean"));
  out.push_back(aggregate("stddev_samp(" + value + ")" + finite, index, "stddev"));
  if (shape != Shape::number) return;
  std::vector<std::string> levels;
  for (const auto& quantile : kQuantiles) levels.emplace_back(quantile.second);
  out.push_back(aggregate("quantile_cont(" + value + ", [" + join(levels, ", ") +
                              "]) FILTER (WHERE isfinite(" + value + ") AND file_row_number % " +
                              std::to_string(step) + " = 0)",
                          index, "quantiles"));
}

Result<Json> top_values(Session& session, const std::string& relation, const std::string& column) {
  MR_TRY(const Table table,
         session.query("SELECT " + column + " AS value, count(*) AS count FROM " + relation +
                       " WHERE " + column + " IS NOT NULL GROUP BY 1 ORDER BY 2 DESC, 1 LIMIT 5"));
  return table.to_json();
}

Json quantiles_of(const Json& values) {
  Json out = Json::object();
  for (std::size_t i = 0; i < kQuantiles.size(); ++i) out.set(kQuantiles[i].first, values.at(i));
  return out;
}

Result<Json> describe_column(Session& session, const std::string& relation, const Table& numbers,
                             const TableColumn& column, std::size_t index, Json name) {
  const std::string prefix = "c" + std::to_string(index) + "_";
  const auto value = [&](std::string_view what) {
    return numbers.at(0, prefix + std::string(what));
  };
  const std::string type = column.cells[index].as_string();
  Json out = Json::object({{"name", name}, {"type", type}, {"nulls", value("nulls")}});
  const Shape shape = shape_of(type);
  if (shape == Shape::other) return out;
  for (const char* what : {"distinct", "min", "max"}) out.set(what, value(what));
  if (shape == Shape::number || shape == Shape::boolean) {
    out.set("mean", value("mean"));
    out.set("stddev", value("stddev"));
  }
  if (shape == Shape::number) out.set("quantiles", quantiles_of(value("quantiles")));
  const bool few = value("distinct").as_int() <= kMostTopDistinct;
  if ((shape == Shape::text && few) || shape == Shape::boolean) {
    MR_TRY(Json top, top_values(session, relation, quote_identifier(name.as_view())));
    out.set("top", std::move(top));
  }
  return out;
}

}  // namespace

Result<TableStatistics> table_statistics(Session& session, const std::filesystem::path& parquet) {
  const std::string relation = parquet_relation(parquet);
  MR_TRY(const Table counted,
         session.query("SELECT sum(num_rows)::BIGINT AS rows FROM parquet_file_metadata(" +
                       quote_literal(parquet.string()) + ")"));
  TableStatistics out;
  out.rows = counted.at(0, "rows").as_int();
  const std::int64_t step = out.rows / kQuantileRows + 1;

  MR_TRY(const Table schema,
         session.query("SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM " + relation +
                       ")"));
  std::vector<std::string> aggregates;
  for (std::size_t i = 0; i < schema.rows(); ++i)
    append_aggregates(aggregates, quote_identifier(schema.at(i, "column_name").as_view()),
                      shape_of(schema.at(i, "column_type").as_view()), i, step);
  MR_TRY(const Table numbers,
         session.query("SELECT " + join(aggregates, ", ") + " FROM " + relation));
  for (std::size_t i = 0; i < schema.rows(); ++i) {
    MR_TRY(Json column, describe_column(session, relation, numbers, schema.columns[1], i,
                                        schema.at(i, "column_name")));
    out.columns.push_back(std::move(column));
  }
  return out;
}

}  // namespace millrace::data
