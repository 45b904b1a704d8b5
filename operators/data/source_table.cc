#include "operators/data/source_table.h"

#include <algorithm>
#include <cctype>

#include "engine/base/suggest.h"
#include "engine/data/sql.h"
#include "operators/data/parquet_source.h"
#include "operators/data/table_artifact.h"

namespace millrace {

/// A type's name is pasted into SQL: letters, digits and what DECIMAL(9,2) or VARCHAR[] need.
static Status check_type_name(std::string_view column, std::string_view type);

namespace {

using data::quote_identifier;
using data::TextColumn;

constexpr const char* kRows = "millrace_rows";

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

}  // namespace

Status check_type_name(std::string_view column, std::string_view type) {
  const bool plain = !type.empty() && std::ranges::all_of(type, [](unsigned char c) {
    return std::isalnum(c) != 0 ||
           std::string_view(" _(),[]").find(static_cast<char>(c)) != std::string_view::npos;
  });
  if (plain) return {};
  return invalid_argument("types: '" + std::string(type) + "' for column '" + std::string(column) +
                          "' is not a type; write one such as BIGINT");
}

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
  if (ingest.format != data::Format::parquet) return open_text(ctx, ingest);
  MR_TRY(data::Session session, open_session(ctx, ingest.files));
  return open_parquet(std::move(session), ingest);
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
