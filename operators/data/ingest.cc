#include "operators/data/ingest.h"

#include "engine/base/counted.h"
#include "engine/data/session.h"
#include "engine/data/sql.h"
#include "engine/data/user_sql.h"
#include "operators/data/source_table.h"
#include "operators/data/table_artifact.h"

namespace millrace {
namespace {

using data::quote_identifier;

Result<std::string> time_filter(const TimeRange& range, const SourceTable& source) {
  if (range.column.empty()) return std::string();
  MR_TRY(const data::TextColumn column, find_column(source.columns, range.column));
  std::string value = quote_identifier(column.name);
  // A TIMESTAMP is compared bare, so that Parquet row groups outside the range are not read.
  if (column.type.starts_with("VARCHAR"))
    value = "CAST(CAST(" + value + " AS TIMESTAMPTZ) AS TIMESTAMP)";  // an offset counts
  else if (column.type == "DATE" || column.type == "TIMESTAMP WITH TIME ZONE")
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

Result<std::string> select_statement(SourceTable& source, const ReadOptions& options,
                                     const TimeRange& range) {
  std::vector<std::string> items;
  for (const auto& name : options.columns) {
    MR_TRY(const data::TextColumn column, find_column(source.columns, name));
    items.push_back(quote_identifier(column.name));
  }
  std::vector<std::string> conditions;
  MR_TRY(const std::string filter, time_filter(range, source));
  if (!filter.empty()) conditions.push_back(filter);
  if (!options.where.empty()) {
    MR_CHECK(data::check_expression(*source.session, "where", options.where, source.relation));
    conditions.push_back("(" + options.where + "\n)");
  }
  MR_CHECK(settle_nans(source, options, filter));
  std::string select =
      "SELECT " + (items.empty() ? "*" : data::join(items, ", ")) + " FROM " + source.relation;
  if (!conditions.empty()) select += " WHERE " + data::join(conditions, " AND ");
  // One row too many is enough to know that there are too many.
  return select + " LIMIT " + std::to_string(options.max_rows + 1);
}

/// The bad rows that were kept, as a table of their own.
Result<TableArtifact> write_quarantine(OperatorContext& ctx, data::Session& session,
                                       const data::TextFindings& findings) {
  std::vector<std::string> files;
  std::vector<std::string> reasons;
  std::vector<std::string> texts;
  std::vector<double> lines;
  for (const auto& bad : findings.bad) {
    files.push_back(bad.file);
    lines.push_back(static_cast<double>(bad.line));
    reasons.push_back(bad.reason);
    texts.push_back(bad.text);
  }
  MR_CHECK(session.create_table(
      "millrace_bad_rows",
      {data::ColumnData::of_texts("file", files),
       data::ColumnData::of_numbers("line", std::move(lines)),
       data::ColumnData::of_texts("reason", reasons), data::ColumnData::of_texts("text", texts)}));
  return write_table(ctx, session,
                     "SELECT file, CAST(line AS BIGINT) AS line, reason, text FROM "
                     "millrace_bad_rows",
                     "quarantine", {});
}

/// Reports rows that are not in the table, and NaNs, in outputs, effects and the log.
Status report_findings(OperatorContext& ctx, const Ingest& ingest, SourceTable& source,
                       Done& done) {
  data::TextFindings findings;
  if (source.text)
    findings = source.text->findings();
  else
    findings.nans = source.nans;
  const std::uint64_t all = findings.rows + findings.bad_rows;
  if (findings.bad_rows > 0) {
    const data::BadRow& first = findings.bad.front();
    const std::string what =
        std::to_string(findings.bad_rows) + " of " +
        counted(static_cast<std::int64_t>(all), "row") + (findings.bad_rows == 1 ? " is" : " are") +
        " bad; the first: " + first.file + ":" + std::to_string(first.line) + ": " + first.reason;
    const double share = static_cast<double>(findings.bad_rows) / static_cast<double>(all);
    if (share > ingest.options.max_bad_share)
      return data_invalid(what + "; more than max_bad_share allows");
    ctx.log(what);
  }
  Json nans = Json::object();
  for (const auto& [column, count] : findings.nans) {
    nans.set(column, static_cast<std::int64_t>(count));
    ctx.log("column '" + column + "': " + std::to_string(count) + " NaN made null");
  }
  done.outputs.set("bad_rows", static_cast<std::int64_t>(findings.bad_rows));
  done.outputs.set("nans", std::move(nans));
  done.outputs.set("quarantine", Json());
  if (findings.bad_rows == 0 || ingest.options.bad_rows != "quarantine") return {};
  MR_TRY(TableArtifact table, write_quarantine(ctx, *source.session, findings));
  done.outputs.set("quarantine", table.stored.digest);
  done.effects.emplace_back(std::move(table.effect));
  return {};
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
  const ReadOptions& options = ingest.options;
  MR_CHECK(check_watermark(options.watermark, options.dataset));
  MR_TRY(const TimeRange range,
         time_range(ctx.attempt(), options.time_column, options.from, options.to));
  const auto explained = [&](Error error) {
    return data::explain_read_error(std::move(error), ingest.format);
  };
  auto source = open_source(ctx, ingest);
  if (!source) return explained(std::move(source).error());
  auto select = select_statement(*source, options, range);
  if (!select) return explained(std::move(select).error());
  auto table = write_table(ctx, *source->session, *select, "table", {});
  if (!table) return explained(std::move(table).error());

  const std::int64_t rows = table->statistics.rows;
  if (rows > options.max_rows)
    return make_error(ErrorCode::resource_exhausted,
                      "the data has more than max_rows = " + std::to_string(options.max_rows) +
                          " rows" + described_range(range));
  if (rows == 0 && !options.allow_empty)
    return data_invalid("the data has no rows" + described_range(range) +
                        (options.where.empty() ? "" : " where " + options.where) +
                        "; to accept an empty table, set allow_empty: true");
  ctx.log("ingested " + counted(rows, "row") + " from " +
          counted(static_cast<std::int64_t>(ingest.files.size()), "file") + described_range(range) +
          " as " + table->stored.digest);
  Done done;
  done.outputs = outputs_of(*table);
  done.effects.emplace_back(table->effect);
  MR_CHECK(report_findings(ctx, ingest, *source, done));
  if (!options.dataset.empty())
    done.effects.emplace_back(UpdateDataset{options.dataset, table->stored.digest, rows});
  MR_CHECK(set_watermark(ctx, *table, options.watermark, options.dataset, done));
  return done;
}

}  // namespace millrace
