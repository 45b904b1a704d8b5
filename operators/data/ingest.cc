#include "operators/data/ingest.h"

#include <algorithm>

#include "engine/base/suggest.h"
#include "engine/data/nesting.h"
#include "engine/data/session.h"
#include "engine/data/sql.h"
#include "operators/data/table_artifact.h"

namespace millrace {
namespace {

using data::quote_identifier;

struct SourceColumn {
  std::string name;
  std::string type;
};

Result<std::vector<SourceColumn>> describe(data::Session& session, const std::string& relation) {
  MR_TRY(const data::Table table,
         session.query("SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM " + relation +
                       ")"));
  std::vector<SourceColumn> columns;
  for (std::size_t i = 0; i < table.rows(); ++i)
    columns.push_back(
        {table.at(i, "column_name").as_string(), table.at(i, "column_type").as_string()});
  return columns;
}

Result<SourceColumn> find_column(const std::vector<SourceColumn>& columns, std::string_view name) {
  std::vector<std::string> known;
  for (const auto& column : columns) {
    if (column.name == name) return column;
    known.push_back(column.name);
  }
  return invalid_argument("the data has no column '" + std::string(name) + "'" +
                          did_you_mean(name, known) + "; it has " + data::join(known, ", "));
}

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

/// The select list: the wanted columns, cast where the reader could not be told their types.
Result<std::string> select_list(const Ingest& ingest, const std::vector<SourceColumn>& source) {
  std::vector<std::string> names = ingest.columns;
  if (names.empty())
    for (const auto& column : source) names.push_back(column.name);
  for (const auto& [column, type] : ingest.scan.types.members()) {
    MR_CHECK(find_column(source, column));
    MR_CHECK(check_type_name(column, type.as_view()));
  }
  const bool cast = ingest.scan.format != data::Format::csv;
  std::vector<std::string> items;
  for (const auto& name : names) {
    MR_TRY(const SourceColumn column, find_column(source, name));
    const std::string quoted = quote_identifier(column.name);
    const Json* type = cast ? ingest.scan.types.find(name) : nullptr;
    items.push_back(type == nullptr
                        ? quoted
                        : "CAST(" + quoted + " AS " + type->as_string() + ") AS " + quoted);
  }
  return data::join(items, ", ");
}

Result<std::string> time_filter(const TimeRange& range, const std::vector<SourceColumn>& source) {
  MR_TRY(const SourceColumn column, find_column(source, range.column));
  std::string value = quote_identifier(column.name);
  // A TIMESTAMP is compared bare, so that Parquet row groups outside the range are not read.
  if (column.type.starts_with("VARCHAR") || column.type == "DATE" ||
      column.type == "TIMESTAMP WITH TIME ZONE")
    value = "CAST(" + value + " AS TIMESTAMP)";
  else if (!column.type.starts_with("TIMESTAMP"))
    return invalid_argument("time_column '" + column.name + "' is of type " + column.type +
                            "; it must be a timestamp, a date or text that reads as one");
  std::vector<std::string> conditions;
  const auto instant = [](Time time) {
    return "make_timestamp(" + std::to_string(to_micros(time)) + ")";
  };
  if (range.from) conditions.push_back(value + " >= " + instant(*range.from));
  if (range.to) conditions.push_back(value + " < " + instant(*range.to));
  return data::join(conditions, " AND ");
}

Result<std::string> select_statement(data::Session& session, const Ingest& ingest) {
  MR_TRY(const std::string relation, data::scan_relation(ingest.scan));
  MR_TRY(const auto source, describe(session, relation));
  MR_TRY(const std::string list, select_list(ingest, source));
  std::vector<std::string> conditions;
  if (!ingest.range.column.empty()) {
    MR_TRY(const std::string filter, time_filter(ingest.range, source));
    conditions.push_back(filter);
  }
  if (!ingest.where.empty()) {
    MR_CHECK(session.parse_expression(ingest.where, "where"));
    conditions.push_back("(" + ingest.where + "\n)");
  }
  std::string select = "SELECT " + list + " FROM " + relation;
  if (!conditions.empty()) select += " WHERE " + data::join(conditions, " AND ");
  // One row too many is enough to know that there are too many.
  return select + " LIMIT " + std::to_string(ingest.max_rows + 1);
}

std::string described_range(const TimeRange& range) {
  if (range.column.empty()) return "";
  return " with " + range.column + " in [" + (range.from ? format_rfc3339(*range.from) : "…") +
         ", " + (range.to ? format_rfc3339(*range.to) : "…") + ")";
}

}  // namespace

Result<TimeRange> time_range(const AttemptInfo& attempt, const std::string& column,
                             const std::string& from, const std::string& to) {
  TimeRange range;
  range.column = column;
  if (column.empty()) {
    if (!from.empty() || !to.empty())
      return invalid_argument("from and to need time_column: the column that they filter");
    return range;
  }
  if (from.empty() && to.empty()) {
    if (!attempt.has_interval)
      return invalid_argument("this run has no data interval to filter '" + column +
                              "' by; start it with a logical date, or give from and to");
    range.from = attempt.data_interval_start;
    range.to = attempt.data_interval_end;
    return range;
  }
  if (!from.empty()) {
    MR_TRY(range.from, parse_rfc3339(from));
  }
  if (!to.empty()) {
    MR_TRY(range.to, parse_rfc3339(to));
  }
  if (range.from && range.to && *range.from >= *range.to)
    return invalid_argument("from (" + from + ") must be before to (" + to + ")");
  return range;
}

Result<Done> ingest_files(OperatorContext& ctx, const Ingest& ingest) {
  MR_TRY(data::Session session, open_session(ctx, ingest.scan.files));
  const auto explained = [&](Error error) {
    return data::explain_read_error(std::move(error), ingest.scan);
  };
  MR_CHECK(data::check_nesting(session, ingest.scan));
  auto select = select_statement(session, ingest);
  if (!select) return explained(std::move(select).error());
  auto table = write_table(ctx, session, *select, "table", {});
  if (!table) return explained(std::move(table).error());

  const std::int64_t rows = table->statistics.rows;
  if (rows > ingest.max_rows)
    return make_error(ErrorCode::resource_exhausted,
                      "the data has more than max_rows = " + std::to_string(ingest.max_rows) +
                          " rows" + described_range(ingest.range));
  if (rows == 0 && !ingest.allow_empty)
    return make_error(ErrorCode::data_invalid, "there is no row" + described_range(ingest.range) +
                                                   "; set allow_empty if that is fine");
  ctx.log("ingested " + std::to_string(rows) + " rows from " +
          std::to_string(ingest.scan.files.size()) + " file(s)" + described_range(ingest.range) +
          " as " + table->stored.digest);
  Done done;
  done.outputs = Json::object({{"table", table->stored.digest},
                               {"rows", rows},
                               {"columns", column_names(table->statistics)},
                               {"bytes", table->stored.bytes},
                               {"statistics", statistics_summary(table->statistics)}});
  done.effects.emplace_back(table->effect);
  if (!ingest.dataset.empty())
    done.effects.emplace_back(UpdateDataset{ingest.dataset, table->stored.digest, rows});
  return done;
}

}  // namespace millrace
