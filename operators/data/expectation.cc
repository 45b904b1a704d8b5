#include "operators/data/expectation.h"

#include <algorithm>

#include "engine/base/suggest.h"

namespace millrace {
namespace {

using Kind = ExpectationKind;
using Names = std::vector<std::string_view>;

const Names kRange = {"min_value", "max_value", "strict_min", "strict_max"};
const Names kColumn = {"column"};

const std::vector<ExpectationType>& types() {
  static const std::vector<ExpectationType> all = {
      {"expect_column_to_exist", Kind::schema, kColumn, {"column_index"}},
      {"expect_table_columns_to_match_ordered_list", Kind::schema, {"column_list"}, {}},
      {"expect_table_columns_to_match_set", Kind::schema, {"column_set"}, {"exact_match"}},
      {"expect_table_column_count_to_equal", Kind::schema, {"value"}, {}},
      {"expect_table_column_count_to_be_between", Kind::schema, {}, kRange},
      {"expect_table_row_count_to_equal", Kind::column, {"value"}, {}},
      {"expect_table_row_count_to_be_between", Kind::column, {}, kRange},
      {"expect_column_values_to_be_of_type", Kind::schema, {"column", "type_"}, {}},
      {"expect_column_values_to_be_in_type_list", Kind::schema, {"column", "type_list"}, {}},
      {"expect_column_values_to_not_be_null", Kind::rows, kColumn, {}},
      {"expect_column_values_to_be_null", Kind::rows, kColumn, {}},
      {"expect_column_values_to_be_unique", Kind::rows, kColumn, {}},
      {"expect_column_values_to_be_between", Kind::rows, kColumn, kRange},
      {"expect_column_values_to_be_in_set", Kind::rows, {"column", "value_set"}, {}},
      {"expect_column_values_to_not_be_in_set", Kind::rows, {"column", "value_set"}, {}},
      {"expect_column_values_to_match_regex", Kind::rows, {"column", "regex"}, {}},
      {"expect_column_values_to_not_match_regex", Kind::rows, {"column", "regex"}, {}},
      {"expect_column_values_to_match_like_pattern", Kind::rows, {"column", "like_pattern"}, {}},
      {"expect_column_value_lengths_to_be_between", Kind::rows, kColumn, kRange},
      {"expect_column_value_lengths_to_equal", Kind::rows, {"column", "value"}, {}},
      {"expect_column_value_z_scores_to_be_less_than",
       Kind::rows,
       {"column", "threshold"},
       {"double_sided"}},
      {"expect_column_pair_values_to_be_equal",
       Kind::rows,
       {"column_A", "column_B"},
       {"ignore_row_if"}},
      {"expect_column_pair_values_a_to_be_greater_than_b",
       Kind::rows,
       {"column_A", "column_B"},
       {"or_equal", "ignore_row_if"}},
      {"expect_compound_columns_to_be_unique", Kind::rows, {"column_list"}, {"ignore_row_if"}},
      {"expect_select_column_values_to_be_unique_within_record",
       Kind::rows,
       {"column_list"},
       {"ignore_row_if"}},
      {"expect_multicolumn_sum_to_equal",
       Kind::rows,
       {"column_list", "sum_total"},
       {"ignore_row_if"}},
      {"expect_column_min_to_be_between", Kind::column, kColumn, kRange},
      {"expect_column_max_to_be_between", Kind::column, kColumn, kRange},
      {"expect_column_mean_to_be_between", Kind::column, kColumn, kRange},
      {"expect_column_median_to_be_between", Kind::column, kColumn, kRange},
      {"expect_column_stdev_to_be_between", Kind::column, kColumn, kRange},
      {"expect_column_sum_to_be_between", Kind::column, kColumn, kRange},
      {"expect_column_quantile_values_to_be_between",
       Kind::column,
       {"column", "quantile_ranges"},
       {}},
      {"expect_column_unique_value_count_to_be_between", Kind::column, kColumn, kRange},
      {"expect_column_proportion_of_unique_values_to_be_between", Kind::column, kColumn, kRange},
      {"expect_column_proportion_of_non_null_values_to_be_between", Kind::column, kColumn, kRange},
      {"expect_column_distinct_values_to_be_in_set", Kind::column, {"column", "value_set"}, {}},
      {"expect_column_distinct_values_to_contain_set", Kind::column, {"column", "value_set"}, {}},
      {"expect_column_distinct_values_to_equal_set", Kind::column, {"column", "value_set"}, {}},
      {"expect_column_most_common_value_to_be_in_set",
       Kind::column,
       {"column", "value_set"},
       {"ties_okay"}},
      {"expect_column_kl_divergence_to_be_less_than",
       Kind::column,
       {"column", "partition_object", "threshold"},
       {"tail_weight_holdout"}},
  };
  return all;
}

/// What a kwarg must be, by its name: the same name means the same everywhere.
bool fits(std::string_view kwarg, const Json& value) {
  if (kwarg.starts_with("column_list") || kwarg == "column_set" || kwarg == "type_list")
    return value.is_array() && value.size() > 0 &&
           std::ranges::all_of(value.items(), [](const Json& v) { return v.is_string(); });
  if (kwarg == "value_set") return value.is_array();
  if (kwarg == "column" || kwarg == "column_A" || kwarg == "column_B" || kwarg == "regex" ||
      kwarg == "like_pattern" || kwarg == "type_" || kwarg == "ignore_row_if")
    return value.is_string();
  if (kwarg == "min_value" || kwarg == "max_value") return value.is_number() || value.is_string();
  if (kwarg == "quantile_ranges" || kwarg == "partition_object") return value.is_object();
  if (kwarg == "strict_min" || kwarg == "strict_max" || kwarg == "or_equal" ||
      kwarg == "double_sided" || kwarg == "exact_match" || kwarg == "ties_okay")
    return value.is_bool();
  return value.is_number();  // value, threshold, sum_total, column_index, tail_weight_holdout
}

std::string_view wanted(std::string_view kwarg) {
  if (fits(kwarg, Json::array({"x"}))) return kwarg == "value_set" ? "a list" : "a list of names";
  if (fits(kwarg, Json(true))) return "true or false";
  if (fits(kwarg, Json::object())) return "a mapping";
  if (fits(kwarg, Json(1)) && fits(kwarg, Json("x"))) return "a number or a time";
  return fits(kwarg, Json(1)) ? "a number" : "a string";
}

bool has(const Names& names, std::string_view name) {
  return std::ranges::find(names, name) != names.end();
}

/// Members that belong to the expectation itself; the others are kwargs. The second line is what
/// Great Expectations writes into a suite and what has no meaning here.
bool is_own_member(std::string_view name) {
  return has(
      {"type", "expectation_type", "kwargs", "mostly", "row_condition", "severity", "meta",
       "result_format", "condition_parser", "catch_exceptions", "include_config", "id", "notes",
       "description", "rendered_content", "expectation_context", "batch_id", "windows"},
      name);
}

/// Which rows an expectation over several columns may leave out, by Great Expectations' words.
void check_ignored(const ExpectationType& type, const Expectation& made,
                   std::vector<std::string>& problems) {
  const std::string when = made.text("ignore_row_if");
  if (when.empty() || !has(type.allowed, "ignore_row_if")) return;
  const Names known = has(type.required, "column_A")
                          ? Names{"both_values_are_missing", "either_value_is_missing", "neither"}
                          : Names{"all_values_are_missing", "any_value_is_missing", "never"};
  if (has(known, when)) return;
  problems.push_back(made.source + ": ignore_row_if '" + when + "' is not one of " +
                     std::string(known[0]) + ", " + std::string(known[1]) + ", " +
                     std::string(known[2]));
}

/// "SUMMARY", or {result_format: SUMMARY, partial_unexpected_count: 20}.
void read_result_format(const Json& format, Expectation& made, std::vector<std::string>& problems) {
  if (format.is_null()) return;
  const std::string name =
      format.is_object() ? format["result_format"].as_string("BASIC") : format.as_string();
  if (!has({"BOOLEAN_ONLY", "BASIC", "SUMMARY", "COMPLETE"}, name))
    problems.push_back(made.source +
                       ": result_format must be BOOLEAN_ONLY, BASIC, SUMMARY or COMPLETE");
  made.boolean_only = name == "BOOLEAN_ONLY";
  const long most = format["partial_unexpected_count"].as_int(kMostListedValues);
  if (most < 0)
    problems.push_back(made.source + ": partial_unexpected_count must be a number from 0 on");
  made.most_listed = static_cast<int>(std::clamp(most, 0L, long{kMostListedValues}));
}

void check_kwargs(const ExpectationType& type, const Expectation& made,
                  std::vector<std::string>& problems) {
  std::vector<std::string> known;
  for (const auto& names : {type.required, type.allowed})
    for (const auto& name : names) known.emplace_back(name);
  for (const auto& name : type.required)
    if (made.kwargs[name].is_null())
      problems.push_back(made.source + " (" + made.type + ") needs " + std::string(name));
  for (const auto& [name, value] : made.kwargs.members()) {
    if (!has(type.required, name) && !has(type.allowed, name))
      problems.push_back(made.source + " (" + made.type + ") has no kwarg '" + name + "'" +
                         did_you_mean(name, known));
    else if (!value.is_null() && !fits(name, value))
      problems.push_back(made.source + ": " + name + " must be " + std::string(wanted(name)) +
                         ", not " + std::string(type_name(value.type())));
  }
  check_ignored(type, made, problems);
  if (has(type.allowed, "min_value") && made.kwargs["min_value"].is_null() &&
      made.kwargs["max_value"].is_null())
    problems.push_back(made.source + " (" + made.type + ") needs min_value or max_value");
}

void read_members(const Json& json, Expectation& made, std::vector<std::string>& problems) {
  // Great Expectations puts mostly and row_condition among the kwargs; both places are read.
  for (const Json* place : {&json, &json["kwargs"]}) {
    for (const auto& [name, value] : place->members())
      if (!is_own_member(name)) made.kwargs.set(name, value);
    if (const Json* mostly = place->find("mostly"); mostly != nullptr && !mostly->is_null()) {
      made.mostly = mostly->as_double(-1);
      if (made.mostly < 0 || made.mostly > 1)
        problems.push_back(made.source + ": mostly must be a number from 0 to 1");
    }
    read_result_format((*place)["result_format"], made, problems);
    if (const Json* condition = place->find("row_condition"); condition && !condition->is_null()) {
      if (!condition->is_string()) problems.push_back(made.source + ": row_condition must be text");
      made.row_condition = condition->as_string();
    }
  }
  const std::string severity = json["severity"].as_string("error");
  if (severity == "error" || severity == "critical")
    made.severity = ExpectationSeverity::error;
  else if (severity == "warning")
    made.severity = ExpectationSeverity::warning;
  else if (severity == "info")
    made.severity = ExpectationSeverity::info;
  else
    problems.push_back(made.source + ": severity '" + severity +
                       "' is not one of error, warning, info");
}

}  // namespace

std::string_view to_string(ExpectationSeverity severity) {
  switch (severity) {
    case ExpectationSeverity::error:
      return "error";
    case ExpectationSeverity::warning:
      return "warning";
    case ExpectationSeverity::info:
      return "info";
  }
  return "";
}

const ExpectationType* find_expectation_type(std::string_view name) {
  for (const auto& type : types())
    if (type.name == name) return &type;
  return nullptr;
}

std::vector<std::string> expectation_type_names() {
  std::vector<std::string> names;
  for (const auto& type : types()) names.emplace_back(type.name);
  return names;
}

Result<std::vector<Expectation>> parse_expectations(const Json& json_list) {
  const Json& list = json_list.is_object() ? json_list["expectations"] : json_list;
  if (!list.is_array() && !(list.is_null() && json_list.is_null()))
    return invalid_argument(
        "expectations must be a list, or a suite of Great Expectations with the member "
        "expectations");
  std::vector<Expectation> all;
  std::vector<std::string> problems;
  for (std::size_t i = 0; i < list.size(); ++i) {
    const Json& json = list.at(i);
    Expectation made;
    made.source = json["source"].as_string("expectations[" + std::to_string(i) + "]");
    made.type = json["type"].as_string(json["expectation_type"].as_view());
    const ExpectationType* type = find_expectation_type(made.type);
    if (type == nullptr) {
      problems.push_back(made.source + ": unknown type '" + made.type + "'" +
                         did_you_mean(made.type, expectation_type_names()));
      continue;
    }
    Json own = json;
    if (own.contains("source"))
      std::erase_if(own.mutable_members(), [](const auto& m) { return m.first == "source"; });
    read_members(own, made, problems);
    check_kwargs(*type, made, problems);
    all.push_back(std::move(made));
  }
  if (problems.empty()) return all;
  std::string message;
  for (const auto& problem : problems) message += (message.empty() ? "" : "; ") + problem;
  return invalid_argument(std::move(message));
}

}  // namespace millrace
