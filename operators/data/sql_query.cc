#include "operators/data/sql_query.h"

#include <algorithm>

#include "engine/base/counted.h"
#include "engine/base/duration.h"
#include "operators/data/pg_rows.h"
#include "operators/data/pg_statement.h"
#include "operators/data/table_artifact.h"

namespace millrace {
namespace {

constexpr long kMostValues = 1000;

Error with_cure(Error error, bool read_only) {
  if (read_only && error.message.find("read-only transaction") != std::string::npos)
    error.message += "; if the query should write, set read_only: false";
  return error;
}

Status fetch(pgclient::PgConnection& database, const SqlQuery& op, PgRows& rows) {
  MR_TRY(const pgclient::PgParams params, bound_params(op.params_));
  const Status done = database.query(
      op.query, params,
      [&](const std::vector<pgclient::PgColumn>& columns) { return rows.take_columns(columns); },
      [&](pgclient::PgRow row) { return rows.take_row(row); });
  if (!done)
    return with_cure(located_in_query(done.error(), op.query, database.error_place()),
                     op.read_only);
  return rows.close();
}

/// The rows as outputs. Values of json and jsonb are JSON again.
Result<Json> shown_values(data::Session& session, const std::string& select,
                          const std::vector<std::string>& json_columns) {
  MR_TRY(const data::Table table, session.query(select));
  Json rows = table.to_json();
  for (Json& row : rows.mutable_items())
    for (const auto& column : json_columns) {
      Json& value = row.member(column);
      if (!value.is_string()) continue;
      if (auto parsed = Json::parse(value.as_view(), {.round_integers = true}))
        value = *std::move(parsed);
    }
  return rows;
}

}  // namespace

Result<Outcome> SqlQuery::run(OperatorContext& ctx) const {
  MR_CHECK(check_query(query));
  MR_CHECK(check_watermark(watermark, dataset));
  MR_TRY(auto database, connect_to(ctx, connection, connection_env));
  MR_CHECK(begin_transaction(database, read_only, timeout));
  const bool small = output == "rows";
  PgRows rows(ctx.work_dir() / "rows.jsonl",
              {small ? std::min(max_rows, kMostValues) : max_rows, max_bytes});
  MR_CHECK(fetch(database, *this, rows));
  if (rows.rows() == 0 && !allow_empty)
    return data_invalid("the result has no rows; to accept an empty table, set allow_empty: true");
  MR_TRY(data::Session session, open_session(ctx, {}));
  MR_TRY(const std::string select, rows.select(session));
  MR_TRY(const TableArtifact table, write_table(ctx, session, select, "table", {}));
  Done done;
  done.outputs = outputs_of(table);
  if (small) {
    MR_TRY(Json values, shown_values(session, select, rows.json_columns()));
    done.outputs.set("values", std::move(values));
  }
  MR_CHECK(set_watermark(ctx, table, watermark, dataset, done));
  // Last, so that a statement that writes is undone if its rows cannot be kept.
  auto committed = database.execute("COMMIT");
  if (!committed) return std::move(committed).error();
  ctx.log("read " + counted(rows.rows(), "row") + " from " + database.description());
  done.effects.emplace_back(table.effect);
  if (!dataset.empty())
    done.effects.emplace_back(UpdateDataset{dataset, table.stored.digest, rows.rows()});
  return Outcome{std::move(done)};
}

}  // namespace millrace
