#include "engine/data/user_query.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "engine/base/suggest.h"
#include "engine/data/sql.h"
#include "engine/data/user_sql.h"

namespace millrace::data {
namespace {

/// Table functions of values; all others read files, settings or texts of SQL.
constexpr std::array<std::string_view, 7> kTableFunctions = {
    "generate_series", "json_each", "json_tree", "range", "repeat", "repeat_row", "unnest"};
/// Functions that see or change the session.
constexpr std::array<std::string_view, 2> kSessionFunctions = {"current_setting", "write_log"};
/// As many semicolons at the end, counted with those in a comment after it, are looked at.
constexpr int kMaxTerminators = 16;
constexpr int kMaxTreeDepth = 1000;  // DuckDB's own limit of an expression's depth

std::string lower_case(std::string_view text) {
  std::string out(text);
  std::ranges::transform(out, out.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return out;
}

bool has_name(const std::vector<std::string>& names, std::string_view name) {
  return std::ranges::any_of(names,
                             [&](const auto& one) { return lower_case(one) == lower_case(name); });
}

QueryProblem problem(std::string message, std::optional<std::size_t> offset = std::nullopt) {
  return {invalid_argument(std::move(message)), offset};
}

/// The tree of json_serialize_sql.
Result<Json> tree_of(Session& session, std::string_view text) {
  MR_TRY(const Table answer, session.query("SELECT json_serialize_sql(?::VARCHAR)::VARCHAR AS tree",
                                           {std::string(text)}));
  // Places are unsigned numbers, the largest for "none".
  Json::Limits limits;
  limits.round_integers = true;
  limits.max_depth = kMaxTreeDepth;
  auto tree = Json::parse(answer.at(0, "tree").as_view(), limits);
  if (!tree) return invalid_argument("the query is nested too deeply");
  return tree;
}

std::optional<std::size_t> place_of(const Json& node) {
  const Json& place = node["query_location"];
  if (place.type() != Json::Type::integer) return std::nullopt;
  return static_cast<std::size_t>(place.as_int());
}

/// A name that the text reads: of a table or a variable.
struct ReadName {
  std::string name;
  std::optional<std::size_t> offset;
};

/// What a tree reads: tables and variables by name, and the first thing in it that is not allowed.
struct Reads {
  std::vector<ReadName> tables;
  std::vector<ReadName> variables;
  std::vector<std::string> common;  // names of common table expressions
  std::optional<QueryProblem> wrong;
};

std::optional<QueryProblem> check_node(const Json& node) {
  const std::string_view type = node["type"].as_view();
  if (type == "TABLE_FUNCTION") {
    const std::string name = node["function"]["function_name"].as_string();
    if (std::ranges::find(kTableFunctions, lower_case(name)) == kTableFunctions.end())
      return problem("'" + name + "' cannot be used here: a query reads its inputs by their names",
                     place_of(node));
  }
  if (type == "SHOW_REF")
    return problem("DESCRIBE, SHOW and SUMMARIZE cannot be used here; write SELECT");
  if (type == "BASE_TABLE" &&
      !(node["schema_name"].as_view().empty() && node["catalog_name"].as_view().empty()))
    return problem("'" + node["schema_name"].as_string() + "." + node["table_name"].as_string() +
                       "' is of another schema; a query reads its inputs by their names",
                   place_of(node));
  const std::string_view kind = node["class"].as_view();
  if (kind == "PARAMETER")
    return problem("'?' and '$" + node["identifier"].as_string() +
                   "' have no value here; give it in variables and write getvariable('name')");
  if (kind == "FUNCTION") {
    const std::string name = lower_case(node["function_name"].as_view());
    if (std::ranges::find(kSessionFunctions, name) != kSessionFunctions.end())
      return problem(name + "() cannot be used here", place_of(node));
  }
  return std::nullopt;
}

void collect(const Json& node, Reads& reads) {
  if (reads.wrong) return;
  if (node.is_object()) {
    reads.wrong = check_node(node);
    if (reads.wrong) return;
    if (node["type"].as_view() == "BASE_TABLE")
      reads.tables.push_back({node["table_name"].as_string(), place_of(node)});
    if (lower_case(node["function_name"].as_view()) == "getvariable")
      if (const Json& name = node["children"].at(0)["value"]["value"]; name.is_string())
        reads.variables.push_back({name.as_string(), place_of(node)});
    for (const auto& one : node["cte_map"]["map"].items())
      reads.common.push_back(one["key"].as_string());
  }
  for (const auto& item : node.items()) collect(item, reads);
  for (const auto& [name, value] : node.members()) collect(value, reads);
}

std::optional<std::size_t> offset_in(std::string_view digits) {
  std::size_t out = 0;
  for (const char c : digits) {
    if (c < '0' || c > '9' || out > (std::size_t{1} << 40)) return std::nullopt;
    out = out * 10 + static_cast<std::size_t>(c - '0');
  }
  return digits.empty() ? std::nullopt : std::optional(out);
}

/// The first variable that the text reads and that is not given.
std::optional<QueryProblem> find_unknown_variable(const Reads& reads,
                                                  const std::vector<std::string>& known) {
  for (const auto& variable : reads.variables)
    if (!has_name(known, variable.name))
      return problem("there is no variable '" + variable.name + "'" +
                         did_you_mean(variable.name, known) + "; the variables are " +
                         (known.empty() ? "none" : join(known, ", ")),
                     variable.offset);
  return std::nullopt;
}

/// What the text reads, or why it is not one SELECT.
Reads reads_of(const Result<Json>& tree) {
  Reads reads;
  if (!tree) {
    reads.wrong = QueryProblem{tree.error(), std::nullopt};
    return reads;
  }
  const Json& found = *tree;
  if (found["error"].as_bool(true) && found["error_type"].as_view() == "parser")
    reads.wrong = problem(plain_reason(found["error_message"].as_view(), {}),
                          offset_in(found["position"].as_view()));
  else if (found["error"].as_bool(true))
    reads.wrong = problem("only one SELECT is allowed, and this is another statement");
  else if (found["statements"].size() == 0)
    reads.wrong = problem("there is no statement; write one SELECT");
  else if (found["statements"].size() > 1)
    reads.wrong = problem("there are " + std::to_string(found["statements"].size()) +
                          " statements; write one SELECT, with its parts as WITH name AS (…)");
  else
    collect(found["statements"], reads);
  return reads;
}

/// The text up to the semicolon that ends it. A prefix with the same tree is the same statement.
std::string without_terminator(Session& session, std::string_view text, const Json& tree) {
  std::size_t end = text.size();
  std::size_t at = text.size();
  for (int i = 0; i < kMaxTerminators && at > 0; ++i) {
    at = text.rfind(';', at - 1);
    if (at == text.npos) break;
    const auto shorter = tree_of(session, text.substr(0, at));
    if (shorter && *shorter == tree) end = at;
  }
  return std::string(text.substr(0, end));
}

std::vector<std::string> columns_of(Session& session, const std::vector<std::string>& relations) {
  std::vector<std::string> out;
  for (const auto& relation : relations) {
    const auto empty = session.query("SELECT * FROM " + quote_identifier(relation) + " LIMIT 0");
    if (!empty) continue;
    for (const auto& column : empty->columns)
      if (std::ranges::find(out, column.name) == out.end()) out.push_back(column.name);
  }
  return out;
}

/// What Parquet would change: a time of day loses its offset, a union its kind, an interval its
/// microseconds, a list its fixed length.
Status check_result_columns(const Table& described) {
  std::vector<std::string> seen;
  for (std::size_t i = 0; i < described.rows(); ++i) {
    const std::string name = described.at(i, "column_name").as_string();
    if (has_name(seen, name))
      return invalid_argument("the result has two columns '" + name +
                              "', and names that differ only in case are equal; rename one: … AS " +
                              "other_name");
    if (name.empty())
      return invalid_argument("a column of the result has no name; write … AS name");
    seen.push_back(name);
    const std::string_view type = described.at(i, "column_type").as_view();
    for (const std::string_view lost : {"TIME WITH TIME ZONE", "UNION(", "INTERVAL", "BIT"})
      if (const auto at = type.find(lost);
          at != type.npos && !type.starts_with("ENUM") &&
          (at == 0 || std::isalnum(static_cast<unsigned char>(type[at - 1])) == 0))
        return invalid_argument("column '" + name + "' of the result is " + with_article(type) +
                                ", which a table artifact cannot hold exactly; convert it, for "
                                "example with CAST(… AS VARCHAR)");
  }
  return {};
}

/// "sql, line 2, column 7: …" An error that is not about the text comes back as it is.
Error located(QueryProblem problem, std::string_view what, std::string_view text) {
  std::string place(what);
  if (problem.offset) {
    const std::string_view before = text.substr(0, *problem.offset);
    const auto line = std::ranges::count(before, '\n') + 1;
    const auto start = before.rfind('\n');
    const std::string_view in_line = start == before.npos ? before : before.substr(start + 1);
    // Characters, not the bytes that continue one.
    const auto column =
        std::ranges::count_if(in_line, [](unsigned char c) { return (c & 0xC0) != 0x80; }) + 1;
    place += ", line " + std::to_string(line) + ", column " + std::to_string(column);
  }
  problem.error.message = place + ": " + problem.error.message;
  return std::move(problem.error);
}

}  // namespace

std::optional<QueryProblem> check_query_text(Session& session, std::string_view text) {
  return reads_of(tree_of(session, text)).wrong;
}

Error explain_query_error(Session& session, Error error, std::string_view what,
                          std::string_view text, const std::vector<std::string>& relations) {
  if (error.code != ErrorCode::invalid_argument && error.code != ErrorCode::data_invalid &&
      error.code != ErrorCode::unsupported)
    return error;
  const auto offset = session.error_place(text);
  error.message = plain_reason(error.message, columns_of(session, relations));
  return located({std::move(error), offset}, what, text);
}

Result<std::string> check_query(Session& session, std::string_view what, std::string_view text,
                                const std::vector<std::string>& relations,
                                const std::vector<std::string>& variables) {
  const auto tree = tree_of(session, text);
  Reads reads = reads_of(tree);
  if (reads.wrong) return located(*std::move(reads.wrong), what, text);
  for (const auto& table : reads.tables)
    if (!has_name(relations, table.name) && !has_name(reads.common, table.name))
      return located(
          problem("there is no input '" + table.name + "'" + did_you_mean(table.name, relations) +
                      "; the inputs are " + (relations.empty() ? "none" : join(relations, ", ")),
                  table.offset),
          what, text);
  if (auto unknown = find_unknown_variable(reads, variables))
    return located(*std::move(unknown), what, text);
  std::string statement = without_terminator(session, text, *tree);
  const auto described = session.query("DESCRIBE " + statement);
  if (!described)
    return explain_query_error(session, described.error(), what, statement, relations);
  if (auto good = check_result_columns(*described); !good)
    return located({good.error(), std::nullopt}, what, text);
  return statement;
}

}  // namespace millrace::data
