#include "operators/data/export_rows.h"

#include <algorithm>
#include <thread>

#include "engine/base/suggest.h"
#include "engine/data/sql.h"
#include "engine/data/table_relation.h"

namespace millrace {
namespace {

using data::quote_identifier;

Result<data::Session> open_writer(OperatorContext& ctx, const std::filesystem::path& file,
                                  const std::filesystem::path& folder) {
  data::SessionOptions options;
  options.files = {file};
  options.folders = {ctx.work_dir(), folder};
  options.temp_dir = ctx.work_dir() / "spill";
  options.threads = static_cast<int>(std::min(std::thread::hardware_concurrency(), 16u));
  options.cancelled = [&ctx] { return ctx.cancelled(); };
  return data::Session::open(std::move(options));
}

/// JSON has no infinity, and readers refuse what DuckDB writes for it.
Status check_json_numbers(ExportTable& table) {
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    if (table.types[i] != "FLOAT" && table.types[i] != "DOUBLE") continue;
    MR_TRY(const data::Table found,
           table.session.query("SELECT count(*) AS n FROM " + table.relation + " WHERE isinf(" +
                               quote_identifier(table.columns[i]) + ")"));
    if (found.at(0, "n").as_int() > 0)
      return data_invalid("column '" + table.columns[i] +
                          "' has an infinity, and JSON has none; write csv or parquet, or make it "
                          "null in transform.sql");
  }
  return {};
}

}  // namespace

Result<ExportTable> open_export(OperatorContext& ctx, const std::string& digest,
                                const std::vector<std::string>& columns,
                                const std::filesystem::path& folder) {
  MR_TRY(const StoredArtifact stored, ctx.artifacts().get(digest));
  MR_TRY(data::Session session, open_writer(ctx, stored.path, folder));
  auto relation = data::table_relation(session, stored.path);
  if (!relation && relation.error().code != ErrorCode::cancelled && !relation.error().transient())
    return data_invalid("artifact " + digest + " is not a table");
  if (!relation) return std::move(relation).error();
  MR_TRY(const data::Table all, session.query("SELECT * FROM " + *relation + " LIMIT 0"));
  ExportTable out{std::move(session), *relation, {}, {}, 0};
  std::vector<std::string> known;
  for (const auto& column : all.columns) known.push_back(column.name);
  for (const auto& name : columns.empty() ? known : columns) {
    const data::TableColumn* column = all.find(name);
    if (column == nullptr)
      return invalid_argument("the table has no column '" + name + "'" + did_you_mean(name, known) +
                              "; it has " + data::join(known, ", "));
    if (std::ranges::find(out.columns, name) != out.columns.end())
      return invalid_argument("columns names '" + name + "' twice");
    out.columns.push_back(name);
    out.types.push_back(column->type);
  }
  if (!columns.empty())
    out.relation = "(SELECT " + data::identifier_list(out.columns) + " FROM " + out.relation + ")";
  MR_TRY(const data::Table count, out.session.query("SELECT count(*) AS n FROM " + out.relation));
  out.rows = count.at(0, "n").as_int();
  return out;
}

Result<RowFormat> format_for(const std::string& format, const std::string& compression,
                             const std::filesystem::path& name) {
  RowFormat out;
  std::filesystem::path inner = name.filename();
  const std::string ending = inner.extension().string();
  const bool named = ending == ".gz" || ending == ".zst";
  out.compression = compression != "auto" ? compression
                    : ending == ".gz"     ? "gzip"
                    : ending == ".zst"    ? "zstd"
                                          : "none";
  if (named) inner = inner.stem();
  const std::string type = inner.extension().string();
  out.format = format;
  if (format == "auto") {
    if (type == ".csv")
      out.format = "csv";
    else if (type == ".jsonl" || type == ".ndjson")
      out.format = "jsonl";
    else if (type == ".parquet")
      out.format = "parquet";
    else
      return invalid_argument("'" + name.filename().string() +
                              "' does not tell the format; end it in .csv, .jsonl or .parquet, or "
                              "set format");
  }
  if (out.format == "parquet" && out.compression != "none")
    return invalid_argument("Parquet is compressed within the file (zstd); leave out compression");
  return out;
}

Status write_rows(ExportTable& table, const RowFormat& format, const std::filesystem::path& target,
                  const std::vector<std::string>& partition_by) {
  std::string options;
  if (format.format == "parquet") {
    options = "FORMAT parquet, COMPRESSION zstd";
  } else if (format.format == "csv") {
    options = "FORMAT csv, HEADER " + std::string(format.header ? "true" : "false") +
              ", DELIMITER " + data::quote_literal(format.delimiter) + ", COMPRESSION " +
              format.compression;
  } else {
    MR_CHECK(check_json_numbers(table));
    options = "FORMAT json, COMPRESSION " + format.compression;
  }
  if (!partition_by.empty())
    options += ", PARTITION_BY (" + data::identifier_list(partition_by) + ")";
  return table.session.execute("COPY (SELECT * FROM " + table.relation + ") TO " +
                               data::quote_literal(target.string()) + " (" + options + ")");
}

}  // namespace millrace
