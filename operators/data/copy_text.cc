#include "operators/data/copy_text.h"

#include <algorithm>
#include <array>

#include "engine/base/json.h"
#include "engine/data/sql.h"

namespace millrace {
namespace {

constexpr std::size_t kPiece = std::size_t{256} << 10;
constexpr std::size_t kLongestLine = std::size_t{1} << 30;  // what a value of PostgreSQL may have

struct TypePair {
  std::string_view duckdb, postgres;
};
constexpr std::array<TypePair, 24> kCopyTypes = {{{"BOOLEAN", "boolean"},
                                                  {"TINYINT", "smallint"},
                                                  {"UTINYINT", "smallint"},
                                                  {"SMALLINT", "smallint"},
                                                  {"USMALLINT", "integer"},
                                                  {"INTEGER", "integer"},
                                                  {"UINTEGER", "bigint"},
                                                  {"BIGINT", "bigint"},
                                                  {"UBIGINT", "numeric(20)"},
                                                  {"HUGEINT", "numeric(39)"},
                                                  {"UHUGEINT", "numeric(39)"},
                                                  {"FLOAT", "real"},
                                                  {"DOUBLE", "double precision"},
                                                  {"DATE", "date"},
                                                  {"TIME", "time"},
                                                  {"TIMESTAMP", "timestamp"},
                                                  {"TIMESTAMP_S", "timestamp"},
                                                  {"TIMESTAMP_MS", "timestamp"},
                                                  {"TIMESTAMP_NS", "timestamp"},
                                                  {"TIMESTAMP WITH TIME ZONE", "timestamptz"},
                                                  {"INTERVAL", "interval"},
                                                  {"UUID", "uuid"},
                                                  {"BLOB", "bytea"},
                                                  {"JSON", "jsonb"}}};

bool is_nested(std::string_view type) {
  return type.ends_with(']') || type.starts_with("STRUCT(") || type.starts_with("MAP(");
}

/// A text that PostgreSQL reads as the value.
std::string copy_value(const std::string& column, std::string_view type) {
  const std::string name = data::quote_identifier(column);
  if (type == "BLOB") return "'\\x' || lower(hex(" + name + "))";
  if (is_nested(type)) return "CAST(to_json(" + name + ") AS VARCHAR)";
  const std::string text = "CAST(" + name + " AS VARCHAR)";
  // DuckDB writes the era before the time of day.
  if (type == "DATE" || type.starts_with("TIMESTAMP"))
    return "regexp_replace(" + text + ", '^(\\S+) \\(BC\\)(.*)$', '\\1\\2 BC')";
  return text;
}

void append_escaped(std::string& out, std::string_view text) {
  for (const char c : text) {
    switch (c) {
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\r':
        out += "\\r";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        out += c;
    }
  }
}

}  // namespace

std::string pg_type_of(std::string_view duckdb_type) {
  if (duckdb_type.starts_with("DECIMAL(")) return "numeric" + std::string(duckdb_type.substr(7));
  if (is_nested(duckdb_type)) return "jsonb";
  const auto* found = std::ranges::find(kCopyTypes, duckdb_type, &TypePair::duckdb);
  return found == kCopyTypes.end() ? "text" : std::string(found->postgres);
}

CopyText::CopyText(const std::filesystem::path& file, std::size_t columns)
    : in_(file, std::ios::binary), columns_(columns) {}

Result<CopyText> CopyText::of(ExportTable& table, const std::filesystem::path& folder) {
  std::string items;
  for (std::size_t i = 0; i < table.columns.size(); ++i)
    items += (i > 0 ? ", " : "") + copy_value(table.columns[i], table.types[i]) + " AS c" +
             std::to_string(i);
  MR_CHECK(table.session.execute("CREATE VIEW millrace_copy AS SELECT " + items + " FROM " +
                                 table.relation));
  ExportTable texts{std::move(table.session), "millrace_copy", {}, {}, table.rows};
  RowFormat format;
  format.format = "jsonl";
  const auto file = folder / "copy.jsonl";
  const Status written = write_rows(texts, format, file, {});
  table.session = std::move(texts.session);
  MR_CHECK(written);
  return CopyText(file, table.columns.size());
}

Status CopyText::append_line(std::string_view json) {
  MR_TRY(const Json row, Json::parse(json, {.max_bytes = kLongestLine}));
  for (std::size_t i = 0; i < columns_; ++i) {
    if (i > 0) piece_ += '\t';
    const Json& value = row["c" + std::to_string(i)];
    if (!value.is_string())
      piece_ += "\\N";
    else if (value.as_view().find('\0') != std::string_view::npos)
      return data_invalid("a text holds a NUL character, which PostgreSQL does not store");
    else
      append_escaped(piece_, value.as_view());
  }
  piece_ += '\n';
  return {};
}

Result<std::string_view> CopyText::next() {
  piece_.clear();
  while (piece_.size() < kPiece && std::getline(in_, line_)) MR_CHECK(append_line(line_));
  if (in_.bad()) return unavailable("cannot read the rows back from the attempt's folder");
  return std::string_view(piece_);
}

}  // namespace millrace
