#include "operators/data/contract.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/duration.h"
#include "engine/base/suggest.h"

namespace millrace {
namespace {

const std::vector<std::string> kContractMembers = {"name",    "description",   "version",
                                                   "columns", "extra_columns", "key",
                                                   "rows",    "freshness",     "expectations"};
const std::vector<std::string> kColumnMembers = {"name",   "type",     "nullable",    "min",
                                                 "max",    "values",   "regex",       "unique",
                                                 "mostly", "severity", "description", "required"};

class Writer {
 public:
  void add(const std::string& source, std::string_view type, Json kwargs, const Json& column = {}) {
    Json one = Json::object({{"type", type}, {"kwargs", std::move(kwargs)}, {"source", source}});
    for (const char* shared : {"mostly", "severity"})
      if (const Json* value = column.find(shared); value != nullptr) one.set(shared, *value);
    list_.push_back(std::move(one));
  }
  void problem(std::string text) { problems_.push_back(std::move(text)); }
  void check_members(const Json& json, const std::vector<std::string>& known,
                     const std::string& where) {
    for (const auto& [name, value] : json.members())
      if (std::ranges::find(known, name) == known.end())
        problem(where + " has no '" + name + "'" + did_you_mean(name, known));
  }
  Result<Json> take() {
    if (problems_.empty()) return std::move(list_);
    std::string message;
    for (const auto& problem : problems_) message += (message.empty() ? "" : "; ") + problem;
    return invalid_argument(std::move(message));
  }
  Json& list() { return list_; }

 private:
  Json list_ = Json::array();
  std::vector<std::string> problems_;
};

void write_column(Writer& out, const std::string& name, const Json& column) {
  const std::string source = "contract.columns." + name;
  if (!column.is_object() && !column.is_null())
    return out.problem(source + " must be a mapping such as {type: integer, nullable: false}");
  out.check_members(column, kColumnMembers, source);
  const Json named = Json::object({{"column", name}});
  const auto with = [&](std::initializer_list<Json::Member> more) {
    Json kwargs = named;
    for (const auto& [key, value] : more)
      if (!value.is_null()) kwargs.set(key, value);
    return kwargs;
  };
  if (column["required"].as_bool(true)) out.add(source, "expect_column_to_exist", named);
  if (const Json* type = column.find("type"))
    out.add(source, "expect_column_values_to_be_of_type", with({{"type_", *type}}));
  if (!column["nullable"].as_bool(true))
    out.add(source, "expect_column_values_to_not_be_null", named, column);
  if (column.contains("min") || column.contains("max"))
    out.add(source, "expect_column_values_to_be_between",
            with({{"min_value", column["min"]}, {"max_value", column["max"]}}), column);
  if (const Json* values = column.find("values"))
    out.add(source, "expect_column_values_to_be_in_set", with({{"value_set", *values}}), column);
  if (const Json* regex = column.find("regex"))
    out.add(source, "expect_column_values_to_match_regex", with({{"regex", *regex}}), column);
  if (column["unique"].as_bool(false))
    out.add(source, "expect_column_values_to_be_unique", named, column);
}

/// columns: a mapping of names, or a list of mappings with a name.
std::vector<std::string> write_columns(Writer& out, const Json& columns) {
  std::vector<std::string> names;
  for (const auto& [name, column] : columns.members()) {
    names.push_back(name);
    write_column(out, name, column);
  }
  for (const auto& column : columns.items()) {
    const std::string name = column["name"].as_string();
    if (name.empty()) {
      out.problem("each of contract.columns needs a name");
      continue;
    }
    names.push_back(name);
    write_column(out, name, column);
  }
  if (!columns.is_null() && !columns.is_object() && !columns.is_array())
    out.problem("contract.columns must be a mapping of column names");
  return names;
}

void write_keys(Writer& out, const Json& key) {
  const bool several = key.size() > 0 && key.at(0).is_array();
  const auto write_one = [&](const Json& columns) {
    const Json list = columns.is_string() ? Json::array({columns}) : columns;
    if (list.size() == 0) return out.problem("contract.key must be a list of column names");
    for (const auto& column : list.items())
      out.add(kContractKey, "expect_column_values_to_not_be_null",
              Json::object({{"column", column}}));
    out.add(kContractKey, "expect_compound_columns_to_be_unique",
            Json::object({{"column_list", list}}));
  };
  if (!several) return write_one(key);
  for (const auto& columns : key.items()) write_one(columns);
}

void write_freshness(Writer& out, const Json& freshness, Time reference) {
  out.check_members(freshness, {"column", "max_age", "severity"}, "contract.freshness");
  const auto age = parse_duration(freshness["max_age"].as_view());
  if (!age || freshness["column"].as_view().empty())
    return out.problem("contract.freshness must be {column: NAME, max_age: DURATION}, e.g. 2d");
  out.add("contract.freshness", "expect_column_max_to_be_between",
          Json::object(
              {{"column", freshness["column"]}, {"min_value", format_rfc3339(reference - *age)}}),
          freshness);
}

bool equal_ignoring_case(std::string_view a, std::string_view b) {
  return std::ranges::equal(
      a, b, [](unsigned char x, unsigned char y) { return std::tolower(x) == std::tolower(y); });
}

}  // namespace

bool type_matches(std::string_view wanted, std::string_view type) {
  const bool integer = type.ends_with("INT") || type == "INTEGER" || type == "UINTEGER";
  // What a file holds of more than 18 digits is stored as DECIMAL(38,0).
  if (wanted == "integer")
    return integer || (type.starts_with("DECIMAL(") && type.ends_with(",0)"));
  if (wanted == "number")
    return integer || type == "DOUBLE" || type == "FLOAT" || type.starts_with("DECIMAL");
  if (wanted == "string") return type == "VARCHAR" || type.starts_with("ENUM");
  if (wanted == "timestamp") return type.starts_with("TIMESTAMP");
  if (wanted == "boolean") return type == "BOOLEAN";
  return equal_ignoring_case(wanted, type);
}

Result<Json> contract_expectations(const Json& contract, Time reference) {
  if (!contract.is_object()) return invalid_argument("the contract must be a mapping");
  Writer out;
  out.check_members(contract, kContractMembers, "the contract");
  const auto names = write_columns(out, contract["columns"]);
  if (!contract["extra_columns"].as_bool(true)) {
    Json set = Json::array();
    for (const auto& name : names) set.push_back(name);
    out.add("contract.extra_columns", "expect_table_columns_to_match_set",
            Json::object({{"column_set", std::move(set)}, {"exact_match", true}}));
  }
  if (const Json* key = contract.find("key")) write_keys(out, *key);
  if (const Json* rows = contract.find("rows")) {
    out.check_members(*rows, {"min", "max", "severity"}, "contract.rows");
    Json kwargs = Json::object();
    if (rows->contains("min")) kwargs.set("min_value", (*rows)["min"]);
    if (rows->contains("max")) kwargs.set("max_value", (*rows)["max"]);
    out.add("contract.rows", "expect_table_row_count_to_be_between", std::move(kwargs), *rows);
  }
  if (const Json* freshness = contract.find("freshness"))
    write_freshness(out, *freshness, reference);
  const Json& more = contract["expectations"];
  if (!more.is_null() && !more.is_array()) out.problem("contract.expectations must be a list");
  for (std::size_t i = 0; i < more.size(); ++i) {
    Json one = more.at(i);
    if (!one.is_object()) {
      out.problem("contract.expectations[" + std::to_string(i) + "] must be a mapping");
      continue;
    }
    one.set("source", "expectations[" + std::to_string(i) + "]");
    out.list().push_back(std::move(one));
  }
  return out.take();
}

}  // namespace millrace
