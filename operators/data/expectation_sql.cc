#include "operators/data/expectation_sql.h"

#include <array>
#include <utility>

#include "engine/data/sql.h"

namespace millrace {
namespace {

using data::join;
using data::literal;
using data::quote_identifier;
using data::quote_literal;

bool is_text(std::string_view type) { return type == "VARCHAR" || type.starts_with("ENUM"); }

/// A bound as a literal that compares with the column: a number against text asks for a number.
std::string comparable(const std::string& column, std::string_view type, const Json& bound) {
  return is_text(type) && bound.is_number() ? "TRY_CAST(" + column + " AS DOUBLE)" : column;
}

/// True where `value` lies outside of the range. A text that is no number is outside of numbers.
std::string outside(const std::string& value, std::string_view type, const Json& kwargs) {
  std::vector<std::string> conditions;
  const auto add = [&](const char* bound, const char* strict, const char* op,
                       const char* strict_op) {
    const Json& limit = kwargs[bound];
    if (limit.is_null()) return;
    const std::string compared = comparable(value, type, limit);
    conditions.push_back("(" + compared + " " + (kwargs[strict].as_bool() ? strict_op : op) + " " +
                         literal(limit) + ") IS NOT TRUE");
  };
  add("min_value", "strict_min", ">=", ">");
  add("max_value", "strict_max", "<=", "<");
  return "(" + join(conditions, " OR ") + ")";
}

std::vector<std::string> quoted(const Json& names) {
  std::vector<std::string> out;
  for (const auto& name : names.items()) out.push_back(quote_identifier(name.as_view()));
  return out;
}

std::string struct_of(const Json& names) {
  std::vector<std::string> fields;
  for (const auto& name : names.items())
    fields.push_back(quote_literal(name.as_view()) + ": " + quote_identifier(name.as_view()));
  return "{" + join(fields, ", ") + "}";
}

std::string any_null(const std::vector<std::string>& columns) {
  return "(" + join(columns, " IS NULL OR ") + " IS NULL)";
}
std::string all_null(const std::vector<std::string>& columns) {
  return "(" + join(columns, " IS NULL AND ") + " IS NULL)";
}

/// The values of `columns` that stand in more than one of the rows judged.
std::string repeated(const std::vector<std::string>& columns, const Expectation& expectation,
                     const std::string& relation) {
  const std::string where =
      expectation.row_condition.empty() ? "" : " WHERE (" + expectation.row_condition + "\n)";
  const std::string list = join(columns, ", ");
  const std::string key = columns.size() == 1 ? list : "row(" + list + ")";
  return key + " IN (SELECT " + key + " FROM " + relation + where + " GROUP BY " + list +
         " HAVING count(*) > 1)";
}

RowCheck single_column(const Expectation& e, const ColumnType& column,
                       const std::string& relation) {
  const std::string c = quote_identifier(column.name);
  const std::string as_text = is_text(column.type) ? c : "CAST(" + c + " AS VARCHAR)";
  const std::string null = c + " IS NULL";
  const std::string_view type = e.type;
  const auto make = [&](std::string unexpected) {
    return RowCheck{null, std::move(unexpected), c};
  };
  if (type.ends_with("_to_not_be_null")) return {"false", null, c};
  if (type.ends_with("_to_be_null")) return {"false", c + " IS NOT NULL", c};
  if (type.ends_with("_values_to_be_unique")) return make(repeated({c}, e, relation));
  if (type.ends_with("_values_to_be_between")) return make(outside(c, column.type, e.kwargs));
  if (type.ends_with("_to_not_be_in_set"))
    return make(c + " IN " + set_literals(e.kwargs["value_set"], column.type));
  if (type.ends_with("_to_be_in_set"))
    return make("(" + c + " IN " + set_literals(e.kwargs["value_set"], column.type) +
                ") IS NOT TRUE");
  if (type.ends_with("_to_not_match_regex"))
    return make("regexp_matches(" + as_text + ", " + literal(e.kwargs["regex"]) + ")");
  if (type.ends_with("_to_match_regex"))
    return make("NOT regexp_matches(" + as_text + ", " + literal(e.kwargs["regex"]) + ")");
  if (type.ends_with("_to_match_like_pattern"))
    return make(as_text + " NOT LIKE " + literal(e.kwargs["like_pattern"]));
  if (type.ends_with("_lengths_to_be_between"))
    return make(outside("length(" + as_text + ")", "BIGINT", e.kwargs));
  if (type.ends_with("_lengths_to_equal"))
    return make("length(" + as_text + ") <> " + literal(e.kwargs["value"]));
  // expect_column_value_z_scores_to_be_less_than: scipy's z-score has the population's deviation,
  // and so has Great Expectations.
  const std::string z = "((" + c + " - (SELECT avg(" + c + ") FROM " + relation +
                        ")) / (SELECT nullif(stddev_pop(" + c + "), 0) FROM " + relation + "))";
  return make((e.kwargs["double_sided"].as_bool() ? "abs" + z : z) +
              " >= " + literal(e.kwargs["threshold"]));
}

RowCheck column_pair(const Expectation& e) {
  const std::string a = quote_identifier(e.text("column_A"));
  const std::string b = quote_identifier(e.text("column_B"));
  const std::string both = struct_of(Json::array({e.kwargs["column_A"], e.kwargs["column_B"]}));
  if (e.type.ends_with("_to_be_equal"))
    return {all_null({a, b}), a + " IS DISTINCT FROM " + b, both};
  const std::string op = e.kwargs["or_equal"].as_bool() ? " < " : " <= ";
  return {any_null({a, b}), a + op + b, both};
}

RowCheck column_list(const Expectation& e, const std::string& relation) {
  const Json& names = e.kwargs["column_list"];
  const auto columns = quoted(names);
  const std::string all = struct_of(names);
  if (e.type == "expect_compound_columns_to_be_unique")
    return {all_null(columns), repeated(columns, e, relation), all};
  if (e.type == "expect_multicolumn_sum_to_equal")
    return {all_null(columns), join(columns, " + ") + " <> " + literal(e.kwargs["sum_total"]), all};
  std::vector<std::string> as_text;
  for (const auto& column : columns) as_text.push_back("CAST(" + column + " AS VARCHAR)");
  return {all_null(columns),
          "len(list_distinct([" + join(as_text, ", ") + "])) < len(list_filter([" +
              join(as_text, ", ") + "], lambda x: x IS NOT NULL))",
          all};
}

}  // namespace

const ColumnType* find_column(const Schema& schema, std::string_view name) {
  for (const auto& column : schema)
    if (column.name == name) return &column;
  return nullptr;
}

std::string set_literals(const Json& values, std::string_view column_type) {
  std::vector<std::string> out;
  for (const auto& value : values.items()) {
    if (value.is_null()) continue;
    out.push_back(is_text(column_type) && !value.is_string() ? quote_literal(value.dump())
                                                             : literal(value));
  }
  return out.empty() ? "(NULL)" : "(" + join(out, ", ") + ")";
}

std::vector<std::string> columns_of(const Expectation& e) {
  std::vector<std::string> out;
  for (const char* kwarg : {"column", "column_A", "column_B"})
    if (e.kwargs[kwarg].is_string()) out.push_back(e.text(kwarg));
  for (const auto& name : e.kwargs["column_list"].items()) out.push_back(name.as_string());
  return out;
}

RowCheck row_check(const Expectation& e, const Schema& schema, const std::string& relation) {
  if (e.kwargs.contains("column_A")) return column_pair(e);
  if (e.kwargs.contains("column_list")) return column_list(e, relation);
  return single_column(e, *find_column(schema, e.text("column")), relation);
}

std::string aggregate_sql(const Expectation& e, const Schema& schema) {
  if (e.type.starts_with("expect_table_row_count")) return "count(*)";
  const ColumnType* column = find_column(schema, e.text("column"));
  const std::string c = quote_identifier(column->name);
  const std::string number = "CAST(" + c + " AS DOUBLE)";
  const std::array<std::pair<std::string_view, std::string>, 9> table = {{
      {"expect_column_min_", "min(" + c + ")"},
      {"expect_column_max_", "max(" + c + ")"},
      {"expect_column_mean_", "avg(" + number + ")"},
      {"expect_column_median_", "quantile_cont(" + number + ", 0.5)"},
      {"expect_column_stdev_", "stddev_samp(" + number + ")"},
      {"expect_column_sum_", "sum(" + c + ")"},
      {"expect_column_unique_value_count_", "count(DISTINCT " + c + ")"},
      {"expect_column_proportion_of_unique_values_",
       "count(DISTINCT " + c + ") / nullif(count(" + c + "), 0)"},
      {"expect_column_proportion_of_non_null_values_", "count(" + c + ") / nullif(count(*), 0)"},
  }};
  for (const auto& [prefix, sql] : table)
    if (e.type.starts_with(prefix)) return sql;
  if (e.type == "expect_column_quantile_values_to_be_between") {
    std::vector<std::string> levels;
    for (const auto& level : e.kwargs["quantile_ranges"]["quantiles"].items())
      levels.push_back(literal(level));
    return "quantile_disc(" + c + ", [" + join(levels, ", ") + "])";
  }
  return "";
}

}  // namespace millrace
