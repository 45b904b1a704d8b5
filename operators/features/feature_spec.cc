#include "operators/features/feature_spec.h"

#include <algorithm>
#include <array>

#include "engine/base/duration.h"
#include "engine/base/suggest.h"

namespace millrace {
namespace {

const std::vector<std::string> kMembers = {"expression", "aggregate", "of",  "window",
                                           "by",         "delay",     "lag", "description"};

/// Functions whose value is not a function of the row.
constexpr std::array<std::string_view, 18> kImpure = {"random",
                                                      "now",
                                                      "current_timestamp",
                                                      "get_current_timestamp",
                                                      "current_date",
                                                      "today",
                                                      "current_time",
                                                      "get_current_time",
                                                      "uuid",
                                                      "uuidv4",
                                                      "uuidv7",
                                                      "gen_random_uuid",
                                                      "nextval",
                                                      "currval",
                                                      "getvariable",
                                                      "transaction_timestamp",
                                                      "age",
                                                      "current_localtimestamp"};

Result<std::int64_t> micros(const Json& value, std::string_view member) {
  auto duration = parse_duration(value.as_view());
  if (!duration)
    return invalid_argument(std::string(member) +
                            " must be a duration such as 7d: " + duration.error().message);
  return duration->count();
}

Result<FeatureSpec> parse_aggregate(const Json& json, FeatureSpec spec) {
  const std::string aggregate = json["aggregate"].as_string();
  MR_TRY(spec.window.aggregate, past_aggregate_from_name(aggregate));
  spec.of = json["of"].as_string();
  if (spec.of.empty() && spec.window.aggregate != PastAggregate::count)
    return invalid_argument("aggregate " + aggregate + " needs of: the expression to aggregate");
  if (json.contains("window")) {
    MR_TRY(spec.window.window, micros(json["window"], "window"));
    if (spec.window.window == 0) return invalid_argument("window must be longer than nothing");
  }
  if (json.contains("delay") && json.contains("lag"))
    return invalid_argument("delay and lag are the same; give one");
  for (const char* name : {"delay", "lag"})
    if (json.contains(name)) {
      MR_TRY(spec.window.delay, micros(json[name], name));
    }
  if (const Json* by = json.find("by")) {
    spec.by.clear();
    if (by->is_string()) spec.by.push_back(by->as_string());
    for (const auto& column : by->items()) spec.by.push_back(column.as_string());
    if (!by->is_string() && !by->is_array())
      return invalid_argument("by must be a list of columns");
  }
  return spec;
}

Result<FeatureSpec> parse_one(const std::string& name, const Json& json,
                              const std::vector<std::string>& entity) {
  FeatureSpec spec;
  spec.name = name;
  spec.by = entity;
  if (json.is_string()) {
    spec.expression = json.as_string();
    if (spec.expression.empty()) return invalid_argument("the expression is empty");
    return spec;
  }
  if (!json.is_object())
    return invalid_argument("must be {expression: …} or {aggregate: …, of: …, window: …}");
  for (const auto& [member, value] : json.members())
    if (std::ranges::find(kMembers, member) == kMembers.end())
      return invalid_argument("has no '" + member + "'" + did_you_mean(member, kMembers));
  const bool is_expression = !json["expression"].as_view().empty();
  if (is_expression == json.contains("aggregate"))
    return invalid_argument("needs either expression or aggregate");
  if (!is_expression) return parse_aggregate(json, std::move(spec));
  for (const char* member : {"of", "window", "by", "delay", "lag"})
    if (json.contains(member))
      return invalid_argument(std::string(member) + " belongs to an aggregate, not an expression");
  spec.expression = json["expression"].as_string();
  return spec;
}

/// Walks the syntax tree; true at the first node that `bad` names, with the reason in `why`.
bool find_forbidden(const Json& node, std::string& why) {
  const std::string_view kind = node["class"].as_view();
  if (kind == "SUBQUERY") why = "a subquery";
  if (kind == "WINDOW") why = "a window function";
  std::string function = node["function_name"].as_string();
  std::ranges::transform(function, function.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const bool plain_age = function == "age" && node["children"].size() != 1;
  if (!plain_age && std::ranges::find(kImpure, function) != kImpure.end()) why = function + "()";
  if (kind == "COLUMN_REF" && node["column_names"].size() == 1) {
    // DuckDB reads these words as functions where there is no such column.
    const std::string_view word = node["column_names"].at(0).as_view();
    if (word == "current_timestamp" || word == "current_date" || word == "current_time" ||
        word == "localtimestamp" || word == "localtime")
      why = std::string(word);
  }
  if (!why.empty()) return true;
  return std::ranges::any_of(node.items(), [&](const Json& n) { return find_forbidden(n, why); }) ||
         std::ranges::any_of(node.members(),
                             [&](const auto& m) { return find_forbidden(m.second, why); });
}

void collect_columns(const Json& node, std::vector<std::string>& columns) {
  if (node["class"].as_view() == "COLUMN_REF" && node["column_names"].size() > 0)
    columns.push_back(node["column_names"].at(node["column_names"].size() - 1).as_string());
  for (const auto& item : node.items()) collect_columns(item, columns);
  for (const auto& [name, value] : node.members()) collect_columns(value, columns);
}

}  // namespace

Result<std::vector<FeatureSpec>> parse_features(const Json& features,
                                                const std::vector<std::string>& entity) {
  if (!features.is_object() || features.size() == 0)
    return invalid_argument("features must be a mapping of names, with at least one");
  std::vector<FeatureSpec> specs;
  std::string problems;
  for (const auto& [name, json] : features.members()) {
    auto spec = parse_one(name, json, entity);
    if (spec)
      specs.push_back(*std::move(spec));
    else
      problems +=
          (problems.empty() ? "" : "; ") + ("feature '" + name + "': ") + spec.error().message;
  }
  if (!problems.empty()) return invalid_argument(std::move(problems));
  return specs;
}

Result<std::vector<std::string>> check_row_expression(data::Session& session,
                                                      std::string_view expression,
                                                      std::string_view what) {
  MR_TRY(const Json tree, session.parse_expression(expression, what));
  std::string why;
  if (find_forbidden(tree, why))
    return invalid_argument(std::string(what) + " '" + std::string(expression) + "' uses " + why +
                            ", which may see other rows or another moment; a feature of the past "
                            "is declared with aggregate");
  std::vector<std::string> columns;
  collect_columns(tree, columns);
  return columns;
}

}  // namespace millrace
