#include "operators/data/parquet_source.h"

#include <algorithm>
#include <cstdio>

#include "engine/data/nesting.h"
#include "engine/data/sql.h"

namespace millrace {
namespace {

using data::quote_identifier;
using data::TextColumn;

/// Each shape among the files of one data set costs a look of its own.
constexpr std::size_t kMostShapes = 200;

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

/// "a.parquet", or "a.parquet and 3 more".
std::string described_files(const std::vector<std::filesystem::path>& files) {
  const std::string first = files.front().filename().string();
  return files.size() == 1 ? first : first + " and " + std::to_string(files.size() - 1) + " more";
}

Status check_casts(SourceTable& source, const std::string& relation, const std::string& files) {
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
      return data_invalid(files + ": column '" + cast[i]->name + "': '" + value.as_string() +
                          "' is not " + data::with_article(cast[i]->cast) +
                          "; declare a type that holds it");
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
                          " has not; to allow that, set union_by_name: true");
    if (same != first.end() && kind_of(same->type) != kind_of(column.type))
      return data_invalid("column '" + column.name + "' is " + same->type + " in " + first_name +
                          " and " + column.type + " in " + other_name +
                          "; write the files with one type");
  }
  for (const auto& column : first)
    if (!union_by_name && find(other, column.name) == other.end())
      return data_invalid(other_name + " has no column '" + column.name + "', which " + first_name +
                          " has; to allow that, set union_by_name: true");
  return {};
}

/// One file of each shape, by name. Files of one shape need no look of their own.
Result<std::vector<std::filesystem::path>> files_of_each_shape(data::Session& session,
                                                               const std::string& list) {
  MR_TRY(
      const data::Table shapes,
      session.query("SELECT min(file_name) AS file FROM (SELECT file_name, list(hash(name, type, "
                    "repetition_type, converted_type, logical_type::VARCHAR, num_children, "
                    "precision, scale)) AS shape FROM parquet_schema(" +
                    list + ") GROUP BY file_name) GROUP BY shape ORDER BY 1 LIMIT " +
                    std::to_string(kMostShapes + 1)));
  if (shapes.rows() > kMostShapes)
    return data_invalid("the files have more than " + std::to_string(kMostShapes) +
                        " different schemas; write them with one, or read them in parts");
  std::vector<std::filesystem::path> files;
  for (std::size_t i = 0; i < shapes.rows(); ++i)
    files.emplace_back(shapes.at(i, "file").as_string());
  return files;
}

/// Uniting DOUBLE with BIGINT would round keys: the columns of all files must be alike.
Status check_files(data::Session& session, const std::vector<std::filesystem::path>& files,
                   bool union_by_name) {
  std::vector<TextColumn> first;
  for (const auto& file : files) {
    MR_CHECK(data::check_parquet_nesting(session, file));
    if (files.size() == 1) return {};
    MR_TRY(auto columns, described(session, data::parquet_relation(file)));
    if (first.empty()) {
      first = std::move(columns);
      continue;
    }
    MR_CHECK(check_alike(first, files.front().filename().string(), columns,
                         file.filename().string(), union_by_name));
    for (auto& column : columns)
      if (std::ranges::find(first, column.name, &TextColumn::name) == first.end())
        first.push_back(std::move(column));
  }
  return {};
}

Error too_large(double bytes, long max_bytes) {
  char size[32];
  std::snprintf(size, sizeof size, "%.3g", bytes);
  return make_error(ErrorCode::resource_exhausted, "the values of the Parquet files take " +
                                                       std::string(size) + " bytes; max_bytes is " +
                                                       std::to_string(max_bytes));
}

/// A file may repeat one value a million times in a few bytes. What its values take when they are
/// read is counted: of numbers and times from the footers, of texts by their lengths, for which
/// DuckDB reads each distinct value of a row group once.
Status check_size(data::Session& session, const std::string& list, const std::string& relation,
                  const std::vector<TextColumn>& columns, long max_bytes) {
  MR_TRY(
      const data::Table sizes,
      session.query(
          "SELECT CAST(coalesce(sum(greatest(CAST(total_uncompressed_size AS DOUBLE), "
          "CAST(num_values AS DOUBLE) * CASE type WHEN 'BOOLEAN' THEN 0.125 WHEN 'INT32' THEN 4 "
          "WHEN 'FLOAT' THEN 4 WHEN 'BYTE_ARRAY' THEN 0 WHEN 'INT96' THEN 12 ELSE 8 END)), 0) AS "
          "DOUBLE) AS bytes, CAST(coalesce(sum(CASE WHEN type = 'BYTE_ARRAY' THEN "
          "CAST(num_values AS DOUBLE) * total_uncompressed_size END), 0) AS DOUBLE) AS most "
          "FROM parquet_metadata(" +
          list + ")"));
  double bytes = sizes.at(0, "bytes").as_double();
  const auto most = static_cast<double>(max_bytes);
  if (bytes > most) return too_large(bytes, max_bytes);
  // No text is longer than its part of the file.
  if (bytes + sizes.at(0, "most").as_double() <= most) return {};
  std::vector<std::string> lengths;
  for (const auto& column : columns) {
    const std::string quoted = quote_identifier(column.name);
    if (column.type == "VARCHAR") lengths.push_back("strlen(" + quoted + ")");
    if (column.type == "BLOB") lengths.push_back("octet_length(" + quoted + ")");
  }
  if (lengths.empty()) return {};
  for (auto& length : lengths) length = "coalesce(sum(" + length + "), 0)";
  MR_TRY(const data::Table texts, session.query("SELECT CAST(" + data::join(lengths, " + ") +
                                                " AS DOUBLE) AS bytes FROM " + relation));
  bytes += texts.at(0, "bytes").as_double();
  return bytes > most ? too_large(bytes, max_bytes) : Status();
}

}  // namespace

Result<SourceTable> open_parquet(data::Session own, const Ingest& ingest) {
  SourceTable source;
  source.session = std::move(own);
  data::Session& session = *source.session;
  const std::string list = data::file_list(ingest.files);
  MR_TRY(const auto files, files_of_each_shape(session, list));
  MR_CHECK(check_files(session, files, ingest.options.union_by_name));
  // Without it DuckDB looks into the first file only to know the columns.
  const std::string united = files.size() > 1 ? ", union_by_name = true" : "";
  std::string relation = "read_parquet(" + list + united + ")";
  if (!ingest.options.source_column.empty())
    relation = "(SELECT * EXCLUDE (filename), parse_filename(filename) AS " +
               quote_identifier(ingest.options.source_column) + " FROM read_parquet(" + list +
               united + ", filename = true))";
  MR_TRY(source.columns, described(session, relation));
  MR_CHECK(check_size(session, list, relation, source.columns, ingest.max_bytes));
  std::vector<std::string> casts;
  for (auto& column : source.columns) {
    if (const Json* wanted = ingest.options.types.find(column.name))
      column.cast = parquet_cast(wanted->as_view(), column.type);
  }
  MR_CHECK(check_types(ingest, source.columns));
  MR_CHECK(check_casts(source, relation, described_files(ingest.files)));
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

}  // namespace millrace
