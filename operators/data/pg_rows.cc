#include "operators/data/pg_rows.h"

#include <algorithm>
#include <array>
#include <cctype>

#include "engine/base/json.h"
#include "engine/data/sql.h"
#include "engine/data/table_relation.h"

namespace millrace {
namespace {

// Object ids of pg_type, which PostgreSQL never changes.
constexpr unsigned kBytea = 17, kJson = 114, kDate = 1082, kTimestamp = 1114, kTimestampTz = 1184,
                   kNumeric = 1700, kJsonb = 3802;
constexpr int kMostDigits = 38;  // of DuckDB's DECIMAL

struct TypeOf {
  unsigned type;
  std::string_view duckdb;
};
/// Others are texts: as PostgreSQL writes them, nothing is lost.
constexpr std::array<TypeOf, 13> kColumnTypes = {{{16, "BOOLEAN"},
                                                  {20, "BIGINT"},
                                                  {21, "SMALLINT"},
                                                  {23, "INTEGER"},
                                                  {26, "BIGINT"},
                                                  {700, "FLOAT"},
                                                  {701, "DOUBLE"},
                                                  {kDate, "DATE"},
                                                  {1083, "TIME"},
                                                  {kTimestamp, "TIMESTAMP"},
                                                  {kTimestampTz, "TIMESTAMPTZ"},
                                                  {2950, "UUID"},
                                                  {kBytea, "BLOB"}}};

std::string without_case(std::string text) {
  std::ranges::transform(text, text.begin(),
                         [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  return text;
}

std::string decimal(int precision, int scale) {
  return "DECIMAL(" + std::to_string(precision) + "," + std::to_string(scale) + ")";
}

/// Of numeric(precision, scale), as its modifier holds them; false without.
bool declared(int modifier, int& precision, int& scale) {
  if (modifier < 4) return false;
  precision = ((modifier - 4) >> 16) & 0xffff;
  scale = (((modifier - 4) & 0x7ff) ^ 1024) - 1024;
  return precision <= kMostDigits && scale >= 0 && scale <= precision;
}

/// DuckDB writes the era before the time of day: 0044-03-15 (BC) 12:00:00.
std::string with_era(const std::string& text) {
  return "regexp_replace(" + text + ", '^(\\S+)(.*) BC$', '\\1 (BC)\\2')";
}

}  // namespace

PgRows::PgRows(std::filesystem::path file, Limits limits)
    : file_(std::move(file)), limits_(limits), out_(file_, std::ios::binary | std::ios::trunc) {}

Status PgRows::take_columns(const std::vector<pgclient::PgColumn>& columns) {
  std::vector<std::string> seen;
  for (const auto& column : columns) {
    const std::string name = without_case(column.name);
    if (std::ranges::find(seen, name) != seen.end())
      return invalid_argument("the result has two columns '" + column.name +
                              "', and names that differ only in case are equal; rename one: … AS "
                              "other_name");
    seen.push_back(name);
    if (column.type == kJson || column.type == kJsonb) json_.push_back(column.name);
    columns_.push_back({column});
  }
  if (columns_.empty()) return invalid_argument("the result has no columns");
  return {};
}

Status PgRows::take_row(pgclient::PgRow row) {
  if (++rows_ > limits_.rows)
    return make_error(ErrorCode::resource_exhausted,
                      "the result has more than " + std::to_string(limits_.rows) + " rows");
  line_ = "{";
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (!row[i]) continue;
    std::string_view text = *row[i];
    Column& column = columns_[i];
    bytes_ += static_cast<std::int64_t>(text.size());
    if (column.from.type == kNumeric) {
      if (text == "NaN") continue;  // a table artifact holds no NaN
      if (text.ends_with("Infinity")) column.infinite = true;
      const auto digits = text.substr(text.starts_with('-') ? 1 : 0);
      const auto point = std::min(digits.find('.'), digits.size());
      column.whole = std::max(column.whole, static_cast<int>(point));
      column.scale = std::max(column.scale,
                              static_cast<int>(digits.size() - std::min(point + 1, digits.size())));
    }
    if (line_.size() > 1) line_ += ',';
    line_ += "\"c" + std::to_string(i) + "\":";
    append_json_string(line_, text);
  }
  line_ += "}\n";
  longest_ = std::max(longest_, line_.size());
  out_.write(line_.data(), static_cast<std::streamsize>(line_.size()));
  if (bytes_ > limits_.bytes)
    return make_error(ErrorCode::resource_exhausted, "the result has more than max_bytes = " +
                                                         std::to_string(limits_.bytes) + " bytes");
  if (!out_) return unavailable("cannot write '" + file_.string() + "'; is the disk full?");
  return {};
}

Status PgRows::close() {
  out_.close();
  if (!out_) return unavailable("cannot write '" + file_.string() + "'; is the disk full?");
  return {};
}

std::string PgRows::item(const Column& column, std::size_t place) const {
  const std::string text = "c" + std::to_string(place);
  const auto cast = [&](std::string_view type, const std::string& value) {
    return "CAST(" + value + " AS " + std::string(type) + ")";
  };
  int precision = 0, scale = 0;
  switch (column.from.type) {
    case kNumeric:
      if (declared(column.from.modifier, precision, scale))
        return cast(decimal(precision, scale), text);
      return cast(decimal(std::max(column.whole + column.scale, 18), column.scale), text);
    case kBytea:
      return "unhex(substr(" + text + ", 3))";  // "\x" and the digits
    case kDate:
      return cast("DATE", with_era(text));
    case kTimestamp:
      return cast("TIMESTAMP", with_era(text));
    case kTimestampTz:
      return cast("TIMESTAMPTZ", with_era(text));
    default:
      break;
  }
  const auto* known = std::ranges::find(kColumnTypes, column.from.type, &TypeOf::type);
  return known == kColumnTypes.end() ? text : cast(known->duckdb, text);
}

Result<std::string> PgRows::select(data::Session& session) const {
  std::string types, items;
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    const Column& column = columns_[i];
    if (column.infinite || column.whole + column.scale > kMostDigits)
      return data_invalid("column '" + column.from.name + "' is a numeric with a value that is " +
                          (column.infinite ? "infinite" : "longer than 38 digits") +
                          "; convert it in the query, for example with ::numeric(38, 10), "
                          "::float8 or ::text");
    types += (i > 0 ? ", c" : "c") + std::to_string(i) + ": 'VARCHAR'";
    items +=
        (i > 0 ? ", " : "") + item(column, i) + " AS " + data::quote_identifier(column.from.name);
  }
  const std::string file =
      "read_json(" + data::quote_literal(file_.string()) +
      ", format = 'newline_delimited', compression = 'uncompressed', maximum_object_size = " +
      std::to_string(std::max(longest_ + 1, std::size_t{16} << 20)) + ", columns = {" + types +
      "})";
  MR_CHECK(session.execute("CREATE VIEW millrace_rows AS SELECT " + items + " FROM " + file));
  MR_TRY(const std::string relation, data::nan_as_null(session, "millrace_rows"));
  return "SELECT * FROM " + relation;
}

}  // namespace millrace
