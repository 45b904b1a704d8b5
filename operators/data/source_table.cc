#include "operators/data/source_table.h"

#include <algorithm>
#include <cctype>

#include "engine/base/suggest.h"
#include "engine/data/nesting.h"
#include "engine/data/sql.h"
#include "operators/data/table_artifact.h"

namespace millrace {
namespace {

using data::quote_identifier;
using data::TextColumn;

constexpr const char* kRows = "millrace_rows";

/// A type's name is pasted into SQL: letters, digits and what DECIMAL(9,2) or VARCHAR[] need.
Status check_type_name(std::string_view column, std::string_view type) {
  const bool plain = !type.empty() && std::ranges::all_of(type, [](unsigned char c) {
    return std::isalnum(c) != 0 ||
           std::string_view(" _(),[]").find(static_cast<char>(c)) != std::string_view::npos;
  });
  if (plain) return {};
  return invalid_argument("types: '" + std::string(type) + "' for column '" + std::string(column) +
                          "' is no type; write one such as BIGINT");
}

/// What `types` names must be there; what only a contract names need not.
Status check_types(const Ingest& ingest, const std::vector<TextColumn>& columns) {
  for (const auto& [column, type] : ingest.options.types.members()) {
    MR_CHECK(check_type_name(column, type.as_view()));
    MR_TRY(const TextColumn found, find_column(columns, column));
    (void)found;
  }
  return {};
}

std::string cast_item(const TextColumn& column, bool json) {
  const std::string quoted = quote_identifier(column.name);
  const std::string value = json ? "CAST(" + quoted + " AS JSON)" : quoted;
  return "CAST(" + value + " AS " + column.cast + ") AS " + quoted;
}

Result<SourceTable> open_text(OperatorContext& ctx, const Ingest& ingest) {
  SourceTable source;
  MR_TRY(data::TextOptions options, text_options(ingest.options, ctx));
  for (const auto& [column, type] : options.types) MR_CHECK(check_type_name(column, type));
  options.files = ingest.files;
  options.sources = ingest.sources;
  options.json = ingest.format == data::Format::jsonl;
  options.bytes.max_bytes = ingest.max_bytes;
  MR_TRY(source.text, data::TextTable::open(std::move(options)));
  source.columns = source.text->columns();
  MR_CHECK(check_types(ingest, source.columns));
  for (const auto& hint : source.text->hints()) ctx.log(hint);
  MR_TRY(source.session, open_session(ctx, {}));
  MR_CHECK(source.text->attach(*source.session, kRows));
  std::vector<std::string> casts;
  for (auto& column : source.columns) {
    if (column.cast.empty()) continue;
    casts.push_back(cast_item(column, ingest.format == data::Format::jsonl));
    column.type = column.cast;
  }
  source.relation = std::string(kRows) + "()";
  if (!casts.empty())
    source.relation =
        "(SELECT * REPLACE (" + data::join(casts, ", ") + ") FROM " + source.relation + ")";
  return source;
}

/// A word of contracts as the DuckDB type that a column of Parquet is cast to; "" to leave it.
std::string parquet_cast(std::string_view wanted, std::string_view type) {
  const bool number = type.ends_with("INT") || type == "INTEGER" || type == "UINTEGER" ||
                      type == "DOUBLE" || type == "FLOAT" || type.starts_with("DECIMAL");
  if (wanted == "integer") return type.ends_with("INT") || type == "INTEGER" ? "" : "BIGINT";
  if (wanted == "number") return number ? "" : "DOUBLE";
  if (wanted == "string") return type == "VARCHAR" ? "" : "VARCHAR";
  if (wanted == "timestamp") return type.starts_with("TIMESTAMP") ? "" : "TIMESTAMP";
  return std::string(wanted);
}

/// True for the values that a cast of the column would change: DuckDB rounds 3.7 to 4 and cuts the
/// time off a date.
std::string changed_by_cast(const TextColumn& column) {
  const std::string c = quote_identifier(column.name);
  const std::string cast = "TRY_CAST(" + c + " AS " + column.cast + ")";
  if (column.type != "VARCHAR")
    return c + " IS NOT NULL AND TRY_CAST(" + cast + " AS " + column.type + ") IS DISTINCT FROM " +
           c;
  const auto typed = data::column_type_of(column.cast);
  if (!typed || typed->type == data::CellType::text) return "";
  if (data::is_time(typed->type))
    return c + " IS NOT NULL AND CAST(" + cast + " AS TIMESTAMPTZ) IS DISTINCT FROM TRY_CAST(" + c +
           " AS TIMESTAMPTZ)";
  if (typed->type == data::CellType::boolean) return c + " IS NOT NULL AND " + cast + " IS NULL";
  return c + " IS NOT NULL AND CAST(" + cast + " AS DOUBLE) IS DISTINCT FROM TRY_CAST(" + c +
         " AS DOUBLE)";
}

Status check_casts(SourceTable& source, const std::string& relation) {
  std::vector<std::string> items;
  std::vector<const TextColumn*> cast;
  for (const auto& column : source.columns) {
    const std::string changed = column.cast.empty() ? "" : changed_by_cast(column);
    if (changed.empty()) continue;
    items.push_back("any_value(CAST(" + quote_identifier(column.name) +
                    " AS VARCHAR)) FILTER (WHERE " + changed + ") AS c" +
                    std::to_string(cast.size()));
    cast.push_back(&column);
  }
  if (items.empty()) return {};
  MR_TRY(const data::Table found,
         source.session->query("SELECT " + data::join(items, ", ") + " FROM " + relation));
  for (std::size_t i = 0; i < cast.size(); ++i)
    if (const Json& value = found.at(0, "c" + std::to_string(i)); !value.is_null())
      return data_invalid("column '" + cast[i]->name + "': '" + value.as_string() + "' is no " +
                          cast[i]->cast + "; declare a type that holds it");
  return {};
}

Result<std::vector<TextColumn>> described(data::Session& session, const std::string& relation) {
  MR_TRY(const data::Table table,
         session.query("SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM " + relation +
                       ")"));
  std::vector<TextColumn> columns;
  for (std::size_t i = 0; i < table.rows(); ++i)
    columns.push_back(
        {table.at(i, "column_name").as_string(), table.at(i, "column_type").as_string(), ""});
  return columns;
}

/// Types whose values DuckDB unites without changing one.
std::string_view kind_of(std::string_view type) {
  if (type.ends_with("INT") || type == "INTEGER" || type == "UINTEGER") return "BIGINT";
  return type == "FLOAT" ? "DOUBLE" : type;
}

Status check_alike(const std::vector<TextColumn>& first, const std::string& first_name,
                   const std::vector<TextColumn>& other, const std::string& other_name,
                   bool union_by_name) {
  const auto find = [](const std::vector<TextColumn>& in, const std::string& name) {
    return std::ranges::find(in, name, &TextColumn::name);
  };
  for (const auto& column : other) {
    const auto same = find(first, column.name);
    if (same == first.end() && !union_by_name)
      return data_invalid(other_name + " has a column '" + column.name + "' that " + first_name +
                          " has not; if that is fine, set union_by_name");
    if (same != first.end() && kind_of(same->type) != kind_of(column.type))
      return data_invalid("column '" + column.name + "' is " + same->type + " in " + first_name +
                          " and " + column.type + " in " + other_name +
                          "; write the files with one type");
  }
  for (const auto& column : first)
    if (!union_by_name && find(other, column.name) == other.end())
      return data_invalid(other_name + " has no column '" + column.name + "', which " + first_name +
                          " has; if that is fine, set union_by_name");
  return {};
}

/// Uniting DOUBLE with BIGINT would round keys: the columns of all files must be alike. One file of
/// each shape is looked at.
Status check_files(data::Session& session, const Ingest& ingest, const std::string& list) {
  if (ingest.files.size() < 2) return {};
  MR_TRY(
      const data::Table shapes,
      session.query(
          "SELECT min(file_name) AS file FROM (SELECT file_name, string_agg(concat_ws('|', name, "
          "type, converted_type, logical_type, num_children, precision, scale), ';') AS shape "
          "FROM parquet_schema(" +
          list + ") GROUP BY file_name) GROUP BY shape ORDER BY 1"));
  std::vector<TextColumn> first;
  std::string first_name;
  for (std::size_t i = 0; i < shapes.rows(); ++i) {
    const std::filesystem::path file = shapes.at(i, "file").as_string();
    MR_TRY(auto columns, described(session, data::parquet_relation(file)));
    const std::string name = file.filename().string();
    if (i == 0) {
      first = std::move(columns);
      first_name = name;
      continue;
    }
    MR_CHECK(check_alike(first, first_name, columns, name, ingest.options.union_by_name));
    for (auto& column : columns)
      if (std::ranges::find(first, column.name, &TextColumn::name) == first.end())
        first.push_back(std::move(column));
  }
  return {};
}

Result<SourceTable> open_parquet(OperatorContext& ctx, const Ingest& ingest) {
  SourceTable source;
  MR_TRY(source.session, open_session(ctx, ingest.files));
  data::Session& session = *source.session;
  const std::string list = data::file_list(ingest.files);
  for (const auto& file : ingest.files) MR_CHECK(data::check_parquet_nesting(session, file));
  MR_CHECK(check_files(session, ingest, list));
  std::string relation = "read_parquet(" + list + ", union_by_name = true)";
  if (!ingest.options.source_column.empty())
    relation = "(SELECT * EXCLUDE (filename), parse_filename(filename) AS " +
               quote_identifier(ingest.options.source_column) + " FROM read_parquet(" + list +
               ", union_by_name = true, filename = true))";
  MR_TRY(source.columns, described(session, relation));
  std::vector<std::string> casts;
  for (auto& column : source.columns) {
    if (const Json* wanted = ingest.options.types.find(column.name))
      column.cast = parquet_cast(wanted->as_view(), column.type);
  }
  MR_CHECK(check_types(ingest, source.columns));
  MR_CHECK(check_casts(source, relation));
  for (auto& column : source.columns) {
    if (column.cast.empty()) continue;
    casts.push_back(cast_item(column, false));
    column.type = column.cast;
  }
  source.relation =
      casts.empty() ? relation
                    : "(SELECT * REPLACE (" + data::join(casts, ", ") + ") FROM " + relation + ")";
  return source;
}

}  // namespace

Result<TextColumn> find_column(const std::vector<TextColumn>& columns, std::string_view name) {
  std::vector<std::string> known;
  for (const auto& column : columns) {
    if (column.name == name) return column;
    known.push_back(column.name);
  }
  return invalid_argument("the data has no column '" + std::string(name) + "'" +
                          did_you_mean(name, known) + "; it has " + data::join(known, ", "));
}

Result<SourceTable> open_source(OperatorContext& ctx, const Ingest& ingest) {
  return ingest.format == data::Format::parquet ? open_parquet(ctx, ingest)
                                                : open_text(ctx, ingest);
}

Status settle_nans(SourceTable& source, const ReadOptions& options, const std::string& condition) {
  if (source.text) return {};
  std::vector<std::string> counts;
  std::vector<std::string> names;
  for (const auto& column : source.columns) {
    if (column.type != "DOUBLE" && column.type != "FLOAT") continue;
    // Not by FILTER, whose cost grows with the square of the columns.
    counts.push_back("CAST(count_if(isnan(" + quote_identifier(column.name) + ")) AS BIGINT) AS c" +
                     std::to_string(names.size()));
    names.push_back(column.name);
  }
  if (names.empty()) return {};
  MR_TRY(const data::Table found,
         source.session->query("SELECT " + data::join(counts, ", ") + " FROM " + source.relation +
                               (condition.empty() ? "" : " WHERE " + condition)));
  std::vector<std::string> replaced;
  for (std::size_t i = 0; i < names.size(); ++i) {
    const std::int64_t count = found.at(0, "c" + std::to_string(i)).as_int();
    if (count == 0) continue;
    if (options.nan == "refuse")
      return data_invalid("column '" + names[i] + "' has " + std::to_string(count) +
                          " NaN; set nan: null to make them null");
    source.nans[names[i]] = static_cast<std::uint64_t>(count);
    const std::string quoted = quote_identifier(names[i]);
    replaced.push_back("CASE WHEN isnan(" + quoted + ") THEN NULL ELSE " + quoted + " END AS " +
                       quoted);
  }
  if (!replaced.empty())
    source.relation =
        "(SELECT * REPLACE (" + data::join(replaced, ", ") + ") FROM " + source.relation + ")";
  return {};
}

}  // namespace millrace
