#include "operators/data/failure_text.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <string_view>

#include "engine/base/suggest.h"
#include "engine/data/sql.h"
#include "operators/data/expectation_sql.h"

namespace millrace {
namespace {

using data::join;

constexpr std::size_t kMostText = 120;

std::string value_text(const Json& value) {
  return shorten(value.is_string() ? value.as_string() : value.dump());
}

std::string list_text(const Json& list) {
  std::vector<std::string> items;
  for (const auto& item : list.items()) items.push_back(item.dump());
  return items.empty() ? "nothing" : shorten(join(items, ", "));
}

std::string names_text(const Json& list) {
  std::vector<std::string> items;
  for (const auto& item : list.items()) items.push_back("'" + item.as_string() + "'");
  return shorten(join(items, ", "));
}

/// "between 0 and 2000", "at least 0", "less than 7", "exactly 3".
std::string range_text(const Json& kwargs) {
  const Json &low = kwargs["min_value"], &high = kwargs["max_value"];
  const bool above = kwargs["strict_min"].as_bool(), below = kwargs["strict_max"].as_bool();
  if (kwargs.contains("value")) return "exactly " + value_text(kwargs["value"]);
  const std::string from = (above ? "greater than " : "at least ") + value_text(low);
  const std::string to = (below ? "less than " : "at most ") + value_text(high);
  if (high.is_null()) return from;
  if (low.is_null()) return to;
  if (!above && !below) return "between " + value_text(low) + " and " + value_text(high);
  return from + " and " + to;
}

/// A requirement as a sentence. {c} is the column, {a} and {b} those of a pair, {list} several
/// columns, {range} the bounds, {NAME} the kwarg of that name.
struct Sentence {
  std::string_view type, text;
};
constexpr std::array<Sentence, 41> kSentences = {{
    {"expect_column_to_exist", "the table must have a column {c}"},
    {"expect_table_columns_to_match_ordered_list",
     "the columns of the table must be {column_list}, in this order"},
    {"expect_table_columns_to_match_set", "the columns of the table must be {column_set}"},
    {"expect_table_column_count_to_equal", "the number of columns must be {range}"},
    {"expect_table_column_count_to_be_between", "the number of columns must be {range}"},
    {"expect_table_row_count_to_equal", "the number of rows must be {range}"},
    {"expect_table_row_count_to_be_between", "the number of rows must be {range}"},
    {"expect_column_values_to_be_of_type", "column {c} must be of type {type_}"},
    {"expect_column_values_to_be_in_type_list", "column {c} must be of one of the types {types}"},
    {"expect_column_values_to_not_be_null", "column {c} must not be null"},
    {"expect_column_values_to_be_null", "column {c} must be null"},
    {"expect_column_values_to_be_unique", "the values of column {c} must be unique"},
    {"expect_column_values_to_be_between", "column {c} must be {range}"},
    {"expect_column_values_to_be_in_set", "column {c} must be one of {value_set}"},
    {"expect_column_values_to_not_be_in_set", "column {c} must not be one of {value_set}"},
    {"expect_column_values_to_match_regex", "column {c} must match the regular expression {regex}"},
    {"expect_column_values_to_not_match_regex",
     "column {c} must not match the regular expression {regex}"},
    {"expect_column_values_to_match_like_pattern",
     "column {c} must match the LIKE pattern {like_pattern}"},
    {"expect_column_value_lengths_to_be_between", "the length of column {c} must be {range}"},
    {"expect_column_value_lengths_to_equal", "the length of column {c} must be {range}"},
    {"expect_column_value_z_scores_to_be_less_than",
     "the z-score of column {c} must be less than {threshold}"},
    {"expect_column_pair_values_to_be_equal", "columns {a} and {b} must be equal"},
    {"expect_column_pair_values_a_to_be_greater_than_b",
     "column {a} must be greater than{or_equal} column {b}"},
    {"expect_compound_columns_to_be_unique",
     "the values of {column_list} together must be unique and not null"},
    {"expect_select_column_values_to_be_unique_within_record",
     "the values of {column_list} must differ within a row"},
    {"expect_multicolumn_sum_to_equal", "the sum of {column_list} must be {sum_total}"},
    {"expect_column_min_to_be_between", "the minimum of column {c} must be {range}"},
    {"expect_column_max_to_be_between", "the maximum of column {c} must be {range}"},
    {"expect_column_mean_to_be_between", "the mean of column {c} must be {range}"},
    {"expect_column_median_to_be_between", "the median of column {c} must be {range}"},
    {"expect_column_stdev_to_be_between", "the standard deviation of column {c} must be {range}"},
    {"expect_column_sum_to_be_between", "the sum of column {c} must be {range}"},
    {"expect_column_quantile_values_to_be_between",
     "the quantiles of column {c} must be within {quantile_ranges}"},
    {"expect_column_unique_value_count_to_be_between",
     "the number of distinct values of column {c} must be {range}"},
    {"expect_column_proportion_of_unique_values_to_be_between",
     "the share of distinct values of column {c} must be {range}"},
    {"expect_column_proportion_of_non_null_values_to_be_between",
     "the share of values of column {c} that are not null must be {range}"},
    {"expect_column_distinct_values_to_be_in_set",
     "the values of column {c} must all be among {value_set}"},
    {"expect_column_distinct_values_to_contain_set",
     "the values of column {c} must include {value_set}"},
    {"expect_column_distinct_values_to_equal_set",
     "the set of values of column {c} must be {value_set}"},
    {"expect_column_most_common_value_to_be_in_set",
     "the most common value of column {c} must be one of {value_set}"},
    {"expect_column_kl_divergence_to_be_less_than",
     "the Kullback-Leibler divergence of column {c} must be at most {threshold}"},
}};

std::string filled_in(std::string_view name, const Expectation& e) {
  const auto quoted = [&](std::string_view kwarg) { return "'" + e.text(kwarg) + "'"; };
  if (name == "c") return quoted("column");
  if (name == "a") return quoted("column_A");
  if (name == "b") return quoted("column_B");
  if (name == "range") return range_text(e.kwargs);
  if (name == "or_equal") return e.kwargs["or_equal"].as_bool() ? " or equal to" : "";
  if (name == "column_list" || name == "column_set") return names_text(e.kwargs[name]);
  if (name == "types") return list_text(e.kwargs["type_list"]);
  if (name == "value_set") return list_text(e.kwargs[name]);
  return value_text(e.kwargs[name]);
}

std::string rounded(double value) {
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.3g", value);
  return text.data();
}

/// Members of `some` that `others` lacks.
std::vector<std::string> lacking(const Json& some, const Json& others) {
  std::vector<std::string> out;
  for (const auto& one : some.items())
    if (std::ranges::find(others.items(), one) == others.items().end())
      out.push_back("'" + one.as_string() + "'");
  return out;
}

/// For a table whose columns are not the wanted ones.
std::string columns_found(const Json& wanted, const Json& present) {
  const auto missing = lacking(wanted, present), extra = lacking(present, wanted);
  if (missing.empty() && extra.empty()) return "it has " + names_text(present);
  std::string text = missing.empty() ? "" : "it lacks " + shorten(join(missing, ", "));
  if (!extra.empty())
    text += (text.empty() ? "it has " : ", and has ") + shorten(join(extra, ", ")) +
            (missing.empty() ? " as well" : "");
  return text;
}

/// "text (VARCHAR)": what a column of this DuckDB type holds.
std::string described_type(const std::string& type) {
  const bool whole = type.ends_with("INT") || type.ends_with("INTEGER") ||
                     (type.starts_with("DECIMAL(") && type.ends_with(",0)"));
  if (type.starts_with("DECIMAL(") && whole) return "whole numbers of many digits (" + type + ")";
  if (whole) return "whole numbers (" + type + ")";
  if (type == "DOUBLE" || type == "FLOAT" || type.starts_with("DECIMAL"))
    return "numbers with a fraction, or -0 (" + type + ")";
  if (type == "VARCHAR") return "text (" + type + ")";
  return type;
}

/// The DuckDB name of a plain type; others are DuckDB's already.
std::string stored_type(const std::string& wanted) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 5> kNames = {
      {{"string", "VARCHAR"},
       {"integer", "BIGINT"},
       {"number", "DOUBLE"},
       {"timestamp", "TIMESTAMP"},
       {"boolean", "BOOLEAN"}}};
  for (const auto& [plain, stored] : kNames)
    if (plain == wanted) return std::string(stored);
  return wanted;
}

std::string set_finding(const Json& result) {
  std::vector<std::string> parts;
  if (const Json& extra = result["unexpected_values"]; extra.size() > 0)
    parts.push_back("it also has " + list_text(extra));
  if (const Json& absent = result["missing_values"]; absent.size() > 0)
    parts.push_back("it lacks " + list_text(absent));
  return join(parts, "; ");
}

}  // namespace

std::string shorten(std::string text) {
  if (text.size() > kMostText) {
    std::size_t end = kMostText;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
    text.resize(end);
    text += "…";
  }
  return text;
}

std::string requirement_text(const Expectation& e) {
  const auto* sentence = std::ranges::find(kSentences, e.type, &Sentence::type);
  std::string_view rest = sentence == kSentences.end() ? e.type : sentence->text;
  std::string out;
  for (auto open = rest.find('{'); open != rest.npos; open = rest.find('{')) {
    const auto close = rest.find('}', open);
    out += rest.substr(0, open);
    out += filled_in(rest.substr(open + 1, close - open - 1), e);
    rest.remove_prefix(close + 1);
  }
  out += rest;
  if (const Json* index = e.kwargs.find("column_index"))
    out += " at position " + value_text(*index) + " (from 0)";
  if (e.mostly < 1) out += " in at least " + rounded(e.mostly * 100) + " % of the rows";
  if (!e.row_condition.empty()) out += " where " + shorten(e.row_condition);
  return out;
}

std::string finding_text(const Verdict& verdict) {
  const Json& result = verdict.result;
  const Json& kwargs = verdict.expectation.kwargs;
  if (const Json* details = result.find("details")) return details->as_string();
  if (const Json* count = result.find("unexpected_count")) {
    std::string text =
        std::to_string(count->as_int()) + " of " +
        std::to_string(result["element_count"].as_int() - result["missing_count"].as_int()) +
        " rows";
    if (count->as_int() > 0)
      text += " (" + rounded(result["unexpected_percent"].as_double()) + " %)";
    return text;
  }
  if (verdict.expectation.type == "expect_column_to_exist") return "it is at another position";
  const Json* observed = result.find("observed_value");
  if (observed == nullptr) return "that is not so";  // result_format: BOOLEAN_ONLY
  for (const char* wanted : {"column_list", "column_set"})
    if (kwargs.contains(wanted)) return columns_found(kwargs[wanted], *observed);
  if (verdict.expectation.type.starts_with("expect_column_values_to_be_"))
    return "it holds " + described_type(observed->as_string());
  if (std::string sets = set_finding(result); !sets.empty()) return sets;
  if (observed->is_null()) return "there is no value";
  if (observed->is_object()) return "they are " + shorten((*observed)["values"].dump());
  return "it is " + (observed->is_array() ? list_text(*observed) : value_text(*observed));
}

std::string cure_text(const Verdict& verdict) {
  const Expectation& e = verdict.expectation;
  if (!verdict.result.contains("observed_value") || !e.kwargs.contains("type_")) return "";
  const std::string declared =
      "types: {" + e.text("column") + ": " + stored_type(e.text("type_")) + "}";
  return ". Ingest chooses a type by the values; if another one is right, give ingest `" +
         declared + "`, or this contract as its `contract`";
}

}  // namespace millrace
