#include "operators/data/transform_sql.h"

#include <algorithm>

#include "engine/base/counted.h"
#include "engine/data/sql.h"
#include "engine/data/table_relation.h"
#include "engine/data/user_query.h"
#include "operators/data/input_names.h"
#include "operators/data/table_artifact.h"

namespace millrace {
namespace {

struct Input {
  std::string name;
  StoredArtifact stored;
};

Result<std::vector<Input>> find_inputs(OperatorContext& ctx, const Json& inputs) {
  std::vector<Input> out;
  for (const auto& [name, digest] : inputs.members()) {
    auto stored = ctx.artifacts().get(digest.as_view());
    if (!stored) {
      Error error = std::move(stored).error();
      error.message = "input '" + name + "': " + error.message;
      return error;
    }
    out.push_back({name, *std::move(stored)});
  }
  return out;
}

/// Each input as a view of its name, its NaNs as nulls.
Status create_views(data::Session& session, const std::vector<Input>& inputs) {
  for (const auto& input : inputs) {
    auto relation = data::table_relation(session, input.stored.path);
    if (!relation) {
      Error error = std::move(relation).error();
      if (!error.transient() && error.code != ErrorCode::cancelled)
        return data_invalid("input '" + input.name + "' is not a table: artifact " +
                            input.stored.digest + " is not a Parquet file");
      return error;
    }
    MR_CHECK(session.execute("CREATE VIEW " + data::quote_identifier(input.name) +
                             " AS SELECT * FROM " + *relation));
  }
  return {};
}

Status set_variables(data::Session& session, const Json& variables) {
  for (const auto& [name, value] : variables.members())
    MR_CHECK(session.execute("SET VARIABLE " + data::quote_identifier(name) + " = " +
                             data::literal(value)));
  return {};
}

}  // namespace

std::optional<TextProblem> TransformSql::check_text(std::string_view text) {
  auto session = data::Session::open();
  if (!session) return std::nullopt;  // the run will find it
  auto found = data::check_query_text(*session, text);
  if (!found) return std::nullopt;
  return TextProblem{std::move(found->error.message), found->offset};
}

Result<Outcome> TransformSql::run(OperatorContext& ctx) const {
  MR_CHECK(check_input_names("inputs", inputs));
  MR_CHECK(check_input_names("variables", variables));
  MR_TRY(const auto tables, find_inputs(ctx, inputs));
  std::vector<std::filesystem::path> files;
  std::vector<std::string> names;
  std::vector<std::string> digests;
  for (const auto& table : tables) {
    files.push_back(table.stored.path);
    names.push_back(table.name);
    if (std::ranges::find(digests, table.stored.digest) == digests.end())
      digests.push_back(table.stored.digest);
  }
  MR_TRY(data::Session session, open_session(ctx, files, true));
  MR_CHECK(create_views(session, tables));
  MR_CHECK(set_variables(session, variables));
  std::vector<std::string> given;
  for (const auto& [variable, value] : variables.members()) given.push_back(variable);
  MR_TRY(const std::string query, data::check_query(session, "sql", sql, names, given));
  // One row too many is enough to know that there are too many.
  auto table = write_table(ctx, session,
                           "SELECT * FROM (" + query + "\n) LIMIT " + std::to_string(max_rows + 1),
                           "table", digests);
  if (!table)
    return data::explain_query_error(session, std::move(table).error(), "sql", query, names);
  const std::int64_t rows = table->statistics.rows;
  if (rows > max_rows)
    return make_error(ErrorCode::resource_exhausted,
                      "the result has more than max_rows = " + std::to_string(max_rows) + " rows");
  if (rows == 0 && !allow_empty)
    return data_invalid("the result has no rows; to accept an empty table, set allow_empty: true");
  ctx.log("made " + counted(rows, "row") + " of " +
          counted(static_cast<std::int64_t>(tables.size()), "table") + " as " +
          table->stored.digest);
  Done done;
  done.outputs = outputs_of(*table);
  done.effects.emplace_back(table->effect);
  if (!dataset.empty())
    done.effects.emplace_back(UpdateDataset{dataset, table->stored.digest, rows});
  return Outcome{std::move(done)};
}

}  // namespace millrace
