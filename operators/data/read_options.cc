#include "operators/data/read_options.h"

#include <algorithm>
#include <array>
#include <filesystem>

#include "engine/spec/yaml_value.h"

namespace millrace {
namespace {

/// One byte, or "" for none.
Result<char> character(std::string_view name, const std::string& text) {
  if (text.empty()) return '\0';
  if (text == "tab" || text == "\\t") return '\t';
  const bool fine = text.size() == 1 && text != "\n" && text != "\r" &&
                    text != std::string(1, '\0') && static_cast<unsigned char>(text.front()) < 0x80;
  if (fine) return text.front();
  return invalid_argument(std::string(name) + " must be one ASCII character, not '" + text + "'");
}

Status check_distinct(const data::TextOptions& made) {
  struct Named {
    std::string_view name;
    char value;
  };
  const auto check = [](std::initializer_list<Named> all) -> Status {
    for (const auto* a = all.begin(); a != all.end(); ++a)
      for (const auto* b = a + 1; b != all.end(); ++b)
        if (a->value != '\0' && a->value == b->value)
          return invalid_argument(std::string(a->name) + " and " + std::string(b->name) +
                                  " must not be the same character");
    return {};
  };
  MR_CHECK(check({{"delimiter", made.csv.delimiter},
                  {"quote", made.csv.quote},
                  {"comment", made.csv.comment}}));
  MR_CHECK(check({{"decimal_separator", made.numbers.decimal},
                  {"thousands_separator", made.numbers.thousands}}));
  if (made.csv.escape != '\0' && made.csv.escape == made.csv.delimiter)
    return invalid_argument("escape and delimiter must not be the same character");
  return {};
}

Status set_characters(const ReadOptions& options, data::TextOptions& made) {
  MR_TRY(made.csv.delimiter, character("delimiter", options.delimiter));
  MR_TRY(made.csv.quote, character("quote", options.quote == "none" ? "" : options.quote));
  MR_TRY(made.csv.escape, character("escape", options.escape));
  MR_TRY(made.csv.comment, character("comment", options.comment));
  MR_TRY(made.numbers.decimal, character("decimal_separator", options.decimal_separator));
  MR_TRY(made.numbers.thousands, character("thousands_separator", options.thousands_separator));
  const auto part_of_number = [](char c) {
    return (c >= '0' && c <= '9') || c == '-' || c == '+' || c == 'e' || c == 'E';
  };
  if (made.numbers.decimal == '\0' || part_of_number(made.numbers.decimal))
    return invalid_argument("decimal_separator must be a character such as . or ,");
  if (part_of_number(made.numbers.thousands))
    return invalid_argument("thousands_separator must be a character such as , or .");
  return check_distinct(made);
}

Status set_types(const ReadOptions& options, const std::string& base_dir, data::TextOptions& made) {
  Json contract = options.contract;
  if (contract.is_string()) {
    MR_TRY(contract, load_yaml_value(std::filesystem::path(base_dir) / contract.as_string()));
  }
  if (!contract.is_null() && !contract.is_object())
    return invalid_argument("contract must be a mapping, or the path of a file with one");
  const auto add = [&](const std::string& column, const Json& type) {
    if (type.is_string()) made.types[column] = type.as_string();
  };
  for (const auto& [name, column] : contract["columns"].members()) add(name, column["type"]);
  for (const auto& column : contract["columns"].items())
    add(column["name"].as_string(), column["type"]);
  if (!options.types.is_null() && !options.types.is_object())
    return invalid_argument("types must be a mapping of columns to types");
  for (const auto& [column, type] : options.types.members()) {
    if (!type.is_string())
      return invalid_argument("the type of column '" + column + "' must be a name such as BIGINT");
    made.types[column] = type.as_string();
  }
  return {};
}

Status set_date_formats(const Json& formats, data::TextOptions& made) {
  if (formats.is_null()) return {};
  if (formats.is_string()) {
    made.date_format = formats.as_string();
    if (made.date_format.empty()) return {};
    MR_TRY(const auto checked, data::TimeFormat::of(made.date_format));
    (void)checked;
    return {};
  }
  if (!formats.is_object())
    return invalid_argument(
        "date_format must be a format such as '%d/%m/%Y', or a mapping of "
        "columns to formats");
  for (const auto& [column, format] : formats.members()) {
    if (!format.is_string())
      return invalid_argument("date_format of column '" + column + "' must be text");
    MR_TRY(const auto checked, data::TimeFormat::of(format.as_string()));
    made.date_formats[column] = checked.text();
  }
  return {};
}

}  // namespace

Result<data::TextOptions> text_options(const ReadOptions& options, OperatorContext& ctx) {
  data::TextOptions made;
  MR_CHECK(set_characters(options, made));
  MR_CHECK(set_types(options, ctx.attempt().base_dir, made));
  MR_CHECK(set_date_formats(options.date_format, made));
  made.csv.skip = options.skip;
  made.csv.header = options.header;
  made.csv.names = options.names;
  made.csv.nulls = options.nulls;
  made.csv.quoted_nulls = options.quoted_nulls;
  made.bytes.encoding = options.encoding;
  made.union_by_name = options.union_by_name;
  made.source_column = options.source_column;
  made.refuse_nan = options.nan == "refuse";
  made.bad_rows = options.bad_rows == "quarantine" ? data::BadRows::quarantine
                  : options.bad_rows == "count"    ? data::BadRows::count
                                                   : data::BadRows::fail;
  made.cancelled = [&ctx] { return ctx.cancelled(); };
  return made;
}

}  // namespace millrace
