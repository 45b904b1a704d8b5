#include "operators/data/expectation_sql.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <tuple>
#include <utility>

#include "engine/data/sql.h"
#include "operators/data/exact_sql.h"

namespace millrace {
namespace {

using data::join;
using data::literal;
using data::quote_identifier;
using data::quote_literal;

/// True where `value` lies outside of the range. A text that is no number is outside of numbers.
Result<std::string> outside(const std::string& value, std::string_view type, const Json& kwargs) {
  std::vector<std::string> conditions;
  for (const auto& [bound, strict, op, strict_op] :
       {std::tuple{"min_value", "strict_min", ">=", ">"},
        std::tuple{"max_value", "strict_max", "<=", "<"}}) {
    if (kwargs[bound].is_null()) continue;
    auto inside =
        compare_sql(value, type, kwargs[strict].as_bool() ? strict_op : op, kwargs[bound]);
    if (!inside) return std::move(inside).error().at(bound);
    conditions.push_back(*inside + " IS NOT TRUE");
  }
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

/// True for the values of `columns` that more than one of the rows judged has. Nulls are equal.
std::string repeated(const std::vector<std::string>& columns, const Expectation& expectation,
                     const std::string& relation) {
  const std::string list = join(columns, ", ");
  const std::string key = columns.size() == 1 ? list : "row(" + list + ")";
  return key + " IN (SELECT " + key + " FROM " + relation + where_of(expectation) + " GROUP BY " +
         list + " HAVING count(*) > 1)";
}

/// Great Expectations' z-score: mean and deviation (n - 1) of the rows that are judged. Where all
/// of them are equal there is no deviation, and no value is far from the mean.
std::string z_score_check(const Expectation& e, const std::string& column,
                          const std::string& relation) {
  const auto of_rows = [&](const std::string& aggregate) {
    return "(SELECT " + aggregate + " FROM " + relation + where_of(e) + ")";
  };
  const std::string value = "CAST(" + column + " AS DOUBLE)";
  const std::string z = "((" + value + " - " + of_rows("avg(" + value + ")") + ") / " +
                        of_rows("nullif(stddev_samp(" + value + "), 0)") + ")";
  const Json& threshold = e.kwargs["threshold"];
  if (!e.kwargs["double_sided"].as_bool(true)) return z + " >= " + literal(threshold);
  return "abs" + z + " >= " + literal(Json(std::abs(threshold.as_double())));
}

Result<std::string> set_check(const Expectation& e, const std::string& column,
                              std::string_view type) {
  MR_TRY(const std::string set, set_literals(e.kwargs["value_set"], type));
  if (e.type.ends_with("_to_not_be_in_set")) return column + " IN " + set;
  return "(" + column + " IN " + set + ") IS NOT TRUE";
}

Result<std::string> unexpected_value(const Expectation& e, const ColumnType& column,
                                     const std::string& relation) {
  const std::string c = quote_identifier(column.name);
  const std::string as_text = is_text_type(column.type) ? c : "CAST(" + c + " AS VARCHAR)";
  const std::string_view type = e.type;
  if (type.ends_with("_values_to_be_unique")) return repeated({c}, e, relation);
  if (type.ends_with("_values_to_be_between")) return outside(c, column.type, e.kwargs);
  if (type.ends_with("_be_in_set")) return set_check(e, c, column.type);
  if (type.ends_with("_to_not_match_regex"))
    return "regexp_matches(" + as_text + ", " + literal(e.kwargs["regex"]) + ")";
  if (type.ends_with("_to_match_regex"))
    return "NOT regexp_matches(" + as_text + ", " + literal(e.kwargs["regex"]) + ")";
  if (type.ends_with("_to_match_like_pattern"))
    return as_text + " NOT LIKE " + literal(e.kwargs["like_pattern"]);
  if (type.ends_with("_lengths_to_be_between"))
    return outside("length(" + as_text + ")", "BIGINT", e.kwargs);
  if (type.ends_with("_lengths_to_equal"))
    return "length(" + as_text + ") <> " + literal(e.kwargs["value"]);
  return z_score_check(e, c, relation);
}

Result<RowCheck> single_column(const Expectation& e, const ColumnType& column,
                               const std::string& relation) {
  const std::string c = quote_identifier(column.name);
  const std::string null = c + " IS NULL";
  if (e.type.ends_with("_to_not_be_null")) return RowCheck{"false", null, c};
  if (e.type.ends_with("_to_be_null")) return RowCheck{"false", c + " IS NOT NULL", c};
  MR_TRY(std::string unexpected, unexpected_value(e, column, relation));
  return RowCheck{null, std::move(unexpected), c};
}

/// Which rows are not judged; every other row with a null is unexpected where it does not hold.
std::string ignored_rows(const Expectation& e, const std::vector<std::string>& columns) {
  const std::string when = e.text("ignore_row_if");
  if (when == "either_value_is_missing" || when == "any_value_is_missing") return any_null(columns);
  if (when == "neither" || when == "never") return "false";
  return all_null(columns);
}

RowCheck column_pair(const Expectation& e) {
  const std::string a = quote_identifier(e.text("column_A"));
  const std::string b = quote_identifier(e.text("column_B"));
  const std::string both = struct_of(Json::array({e.kwargs["column_A"], e.kwargs["column_B"]}));
  const std::string op = e.type.ends_with("_to_be_equal") ? " = "
                         : e.kwargs["or_equal"].as_bool() ? " >= "
                                                          : " > ";
  return {ignored_rows(e, {a, b}), "(" + a + op + b + ") IS NOT TRUE", both};
}

/// True where the columns do not add up to the total.
Result<std::string> sum_check(const Expectation& e, const Schema& schema) {
  std::vector<std::string> terms;
  int scale = 0;
  bool floating = false;
  for (const auto& name : e.kwargs["column_list"].items()) {
    const ColumnType& column = *find_column(schema, name.as_view());
    const std::string quoted = quote_identifier(column.name);
    // Sums of small integer types would overflow.
    terms.push_back(is_integer_type(column.type) ? "CAST(" + quoted + " AS HUGEINT)" : quoted);
    if (column.type.starts_with("DECIMAL("))
      scale = std::max(scale, std::stoi(column.type.substr(column.type.find(',') + 1)));
    floating = floating || column.type == "DOUBLE" || column.type == "FLOAT";
  }
  const std::string type = floating    ? "DOUBLE"
                           : scale > 0 ? "DECIMAL(38," + std::to_string(scale) + ")"
                                       : "HUGEINT";
  MR_TRY(const std::string total, set_literals(Json::array({e.kwargs["sum_total"]}), type));
  return "(" + join(terms, " + ") + " IN " + total + ") IS NOT TRUE";
}

/// True where two of the columns have the same value; two nulls are the same.
std::string repeated_within(const Expectation& e, const Schema& schema) {
  std::vector<std::string> pairs;
  const auto& names = e.kwargs["column_list"].items();
  const auto operand = [&](const Json& name, const Json& other) {
    const std::string quoted = quote_identifier(name.as_view());
    const bool as_text = is_text_type(find_column(schema, other.as_view())->type);
    return as_text ? "CAST(" + quoted + " AS VARCHAR)" : quoted;
  };
  for (std::size_t i = 0; i < names.size(); ++i)
    for (std::size_t k = i + 1; k < names.size(); ++k)
      pairs.push_back(operand(names[i], names[k]) + " IS NOT DISTINCT FROM " +
                      operand(names[k], names[i]));
  return pairs.empty() ? "false" : "(" + join(pairs, " OR ") + ")";
}

Result<RowCheck> column_list(const Expectation& e, const Schema& schema,
                             const std::string& relation) {
  const Json& names = e.kwargs["column_list"];
  const auto columns = quoted(names);
  RowCheck out{ignored_rows(e, columns), "", struct_of(names)};
  if (e.type == "expect_compound_columns_to_be_unique") {
    out.unexpected = repeated(columns, e, relation);
  } else if (e.type == "expect_multicolumn_sum_to_equal") {
    MR_TRY(out.unexpected, sum_check(e, schema));
  } else {
    out.unexpected = repeated_within(e, schema);
  }
  return out;
}

}  // namespace

const ColumnType* find_column(const Schema& schema, std::string_view name) {
  for (const auto& column : schema)
    if (column.name == name) return &column;
  return nullptr;
}

std::string where_of(const Expectation& e) {
  return e.row_condition.empty() ? "" : " WHERE (" + e.row_condition + "\n)";
}

std::vector<std::string> columns_of(const Expectation& e) {
  std::vector<std::string> out;
  for (const char* kwarg : {"column", "column_A", "column_B"})
    if (e.kwargs[kwarg].is_string()) out.push_back(e.text(kwarg));
  for (const auto& name : e.kwargs["column_list"].items()) out.push_back(name.as_string());
  return out;
}

Result<RowCheck> row_check(const Expectation& e, const Schema& schema,
                           const std::string& relation) {
  if (e.kwargs.contains("column_A")) return column_pair(e);
  if (e.kwargs.contains("column_list")) return column_list(e, schema, relation);
  return single_column(e, *find_column(schema, e.text("column")), relation);
}

Result<std::string> aggregate_holds(const Expectation& e, const std::string& value,
                                    std::string_view type) {
  std::vector<std::string> conditions;
  const auto add = [&](const std::string& one, std::string_view its_type, const char* op,
                       const Json& bound, const char* name) -> Status {
    if (bound.is_null()) return {};
    auto holds = compare_sql(one, its_type, op, bound);
    if (!holds) return std::move(holds).error().at(name);
    conditions.push_back(*std::move(holds));
    return {};
  };
  const Json& kwargs = e.kwargs;
  if (const Json* ranges = kwargs.find("quantile_ranges")) {
    const std::string_view item = type.ends_with("[]") ? type.substr(0, type.size() - 2) : type;
    const Json& bounds = (*ranges)["value_ranges"];
    for (std::size_t i = 0; i < bounds.size(); ++i) {
      const std::string one = value + "[" + std::to_string(i + 1) + "]";
      MR_CHECK(add(one, item, ">=", bounds.at(i).at(0), "value_ranges"));
      MR_CHECK(add(one, item, "<=", bounds.at(i).at(1), "value_ranges"));
    }
  } else if (kwargs.contains("value")) {
    MR_CHECK(add(value, type, ">=", kwargs["value"], "value"));
    MR_CHECK(add(value, type, "<=", kwargs["value"], "value"));
  } else {
    MR_CHECK(add(value, type, kwargs["strict_min"].as_bool() ? ">" : ">=", kwargs["min_value"],
                 "min_value"));
    MR_CHECK(add(value, type, kwargs["strict_max"].as_bool() ? "<" : "<=", kwargs["max_value"],
                 "max_value"));
  }
  return conditions.empty() ? "(" + value + " IS NOT NULL)" : "(" + join(conditions, " AND ") + ")";
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
