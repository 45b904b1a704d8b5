#include "operators/data/export_postgres.h"

#include <algorithm>

#include "engine/base/counted.h"
#include "engine/base/suggest.h"
#include "engine/data/sql.h"
#include "operators/data/copy_text.h"
#include "operators/data/export_rows.h"

namespace millrace {
namespace {

using pgclient::PgAnswer;
using pgclient::PgConnection;
using pgclient::PgParams;
using pgclient::quote_name;

constexpr const char* kStage = "pg_temp.millrace_stage";

/// "schema.table" quoted, and the table of effects in the same schema.
struct Target {
  std::string table, effects;
  std::optional<std::string> schema = {};  // nothing: the first one of the search path
};

/// `name` as ExportPostgres::check_table has accepted it.
Target target_of(const std::string& name) {
  const auto dot = name.find('.');
  const std::string schema = dot == name.npos ? "" : name.substr(0, dot);
  const std::string table = dot == name.npos ? name : name.substr(dot + 1);
  const std::string prefix = schema.empty() ? "" : quote_name(schema) + ".";
  return {prefix + quote_name(table), prefix + quote_name("millrace_effects"),
          schema.empty() ? std::nullopt : std::optional(schema)};
}

std::string quoted_names(const std::vector<std::string>& columns) {
  std::string out;
  for (const auto& column : columns) out += (out.empty() ? "" : ", ") + quote_name(column);
  return out;
}

Status check_keys(const ExportPostgres& op, const ExportTable& table) {
  if (op.mode == "upsert" && op.keys.empty())
    return invalid_argument("mode upsert needs keys, the columns that name a row");
  if (op.mode != "upsert" && !op.keys.empty() && !op.create)
    return invalid_argument("keys has a meaning only with mode upsert or create: true");
  for (const auto& key : op.keys)
    if (std::ranges::find(table.columns, key) == table.columns.end())
      return invalid_argument("keys: the exported columns have no '" + key + "'" +
                              did_you_mean(key, table.columns) + "; they are " +
                              data::join(table.columns, ", "));
  return {};
}

/// One export: its transaction.
class Export {
 public:
  Export(PgConnection& database, const ExportPostgres& op, const Target& target, ExportTable& table)
      : database_(database), op_(op), target_(target), table_(table) {}

  /// An error if the table is, or would be, among Millrace's own.
  Status check_schema();
  /// False if an earlier attempt has written these rows.
  Result<bool> claim(const std::string& key);
  Status write(const std::filesystem::path& folder);
  Status run(const std::string& sql, const PgParams& params = {}) {
    auto done = database_.execute(sql, params);
    if (!done) return std::move(done).error();
    return {};
  }

 private:
  Status make_effects();
  Status make_table();
  Status merge();
  Result<bool> exists(const std::string& table);

  PgConnection& database_;
  const ExportPostgres& op_;
  const Target& target_;
  ExportTable& table_;
};

Result<bool> Export::exists(const std::string& table) {
  MR_TRY(const PgAnswer found, database_.execute("SELECT to_regclass($1) IS NOT NULL", {table}));
  return found.rows.at(0).at(0) == "t";
}

Status Export::check_schema() {
  // What makes Millrace's schema one: the table of its journal.
  MR_TRY(const PgAnswer owned,
         database_.execute(
             "SELECT to_regclass('millrace.journal') IS NOT NULL AND coalesce((SELECT "
             "relnamespace::regnamespace::text FROM pg_class WHERE oid = to_regclass($1)), $2, "
             "current_schema()) = 'millrace'",
             {target_.table, target_.schema}));
  if (owned.rows.at(0).at(0) != "t") return {};
  return invalid_argument("table: '" + op_.table +
                          "' would be in the schema millrace, which holds Millrace's own tables; "
                          "name another schema, such as public." +
                          op_.table.substr(op_.table.find('.') + 1));
}

Status Export::make_effects() {
  MR_TRY(const bool is_there, exists(target_.effects));
  if (is_there) return {};
  // Two sessions that create one table at the same time would make one of them fail.
  MR_CHECK(run("SELECT pg_advisory_xact_lock(hashtext('millrace_effects'))"));
  return run("CREATE TABLE IF NOT EXISTS " + target_.effects +
             " (key text PRIMARY KEY, artifact text NOT NULL, rows bigint NOT NULL, "
             "at timestamptz NOT NULL DEFAULT now())");
}

Result<bool> Export::claim(const std::string& key) {
  MR_CHECK(make_effects());
  const PgParams params = {key, op_.input, std::to_string(table_.rows)};
  MR_TRY(const PgAnswer inserted,
         database_.execute("INSERT INTO " + target_.effects +
                               " (key, artifact, rows) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
                           params));
  if (inserted.affected > 0) return true;
  MR_TRY(const PgAnswer earlier,
         database_.execute("SELECT artifact FROM " + target_.effects + " WHERE key = $1", {key}));
  if (earlier.rows.empty()) return unavailable("the row of " + key + " was just removed");
  if (earlier.rows[0][0] == op_.input) return false;
  if (op_.mode == "append")
    return conflict("this task of this run has appended other rows already (artifact " +
                    earlier.rows[0][0].value_or("") + "); remove them, and the row '" + key +
                    "' of millrace_effects, to append again");
  MR_CHECK(
      run("UPDATE " + target_.effects + " SET artifact = $2, rows = $3, at = now() WHERE key = $1",
          params));
  return true;
}

Status Export::make_table() {
  std::string columns;
  for (std::size_t i = 0; i < table_.columns.size(); ++i)
    columns +=
        (i > 0 ? ", " : "") + quote_name(table_.columns[i]) + " " + pg_type_of(table_.types[i]);
  if (!op_.keys.empty()) columns += ", PRIMARY KEY (" + quoted_names(op_.keys) + ")";
  return run("CREATE TABLE IF NOT EXISTS " + target_.table + " (" + columns + ")");
}

Status Export::merge() {
  std::string set;
  for (const auto& column : table_.columns)
    if (std::ranges::find(op_.keys, column) == op_.keys.end())
      set += (set.empty() ? "" : ", ") + quote_name(column) + " = EXCLUDED." + quote_name(column);
  const std::string names = quoted_names(table_.columns);
  return run("INSERT INTO " + target_.table + " (" + names + ") SELECT " + names + " FROM " +
             kStage + " ON CONFLICT (" + quoted_names(op_.keys) + ") DO " +
             (set.empty() ? "NOTHING" : "UPDATE SET " + set));
}

Status Export::write(const std::filesystem::path& folder) {
  if (op_.create) MR_CHECK(make_table());
  const std::string names = quoted_names(table_.columns);
  const bool upsert = op_.mode == "upsert";
  if (op_.mode == "replace") {
    // Two exports at the same time would each delete only what they see. Readers do not wait.
    MR_CHECK(run("LOCK TABLE " + target_.table + " IN SHARE ROW EXCLUSIVE MODE"));
    MR_CHECK(run("DELETE FROM " + target_.table));
  } else if (upsert) {
    MR_CHECK(run("CREATE TEMP TABLE millrace_stage ON COMMIT DROP AS SELECT " + names + " FROM " +
                 target_.table + " WITH NO DATA"));
  }
  MR_TRY(CopyText rows, CopyText::of(table_, folder));
  const auto copied = database_.copy_in("COPY " + (upsert ? std::string(kStage) : target_.table) +
                                            " (" + names + ") FROM STDIN (FORMAT text)",
                                        [&] { return rows.next(); });
  if (!copied) return copied.error();
  if (*copied != table_.rows)
    return internal_error("PostgreSQL counted " + std::to_string(*copied) + " rows of " +
                          std::to_string(table_.rows));
  return upsert ? merge() : Status();
}

}  // namespace

std::optional<TextProblem> ExportPostgres::check_table(std::string_view text) {
  const auto dot = text.find('.');
  const std::string_view last = dot == text.npos ? text : text.substr(dot + 1);
  if (!last.empty() && last.find('.') == last.npos && dot != 0) return std::nullopt;
  return TextProblem{
      "'" + std::string(text) + "' is no name of a table; write table or schema.table", {}};
}

Result<Outcome> ExportPostgres::run(OperatorContext& ctx) const {
  if (const auto problem = check_table(table))
    return invalid_argument("table: " + problem->message);
  const Target target = target_of(table);
  MR_TRY(ExportTable rows, open_export(ctx, input, columns, ctx.work_dir()));
  MR_CHECK(check_keys(*this, rows));
  MR_TRY(auto database, connect_to(ctx, connection, connection_env));
  Export work(database, *this, target, rows);
  MR_CHECK(work.run("BEGIN"));
  MR_CHECK(work.check_schema());
  MR_TRY(const bool is_new, work.claim(ctx.attempt().idempotency_key()));
  if (is_new) MR_CHECK(work.write(ctx.work_dir()));
  MR_CHECK(work.run("COMMIT"));
  ctx.log((is_new ? "wrote " : "an earlier attempt wrote ") + counted(rows.rows, "row") + " to " +
          table + " of " + database.description());
  return Outcome{
      Done{Json::object({{"table", table}, {"rows", rows.rows}, {"repeated", !is_new}}), {}}};
}

}  // namespace millrace
