// export.postgres: a table artifact into a table of PostgreSQL.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "engine/core/outcome.h"
#include "engine/op/context.h"
#include "engine/op/param.h"
#include "operators/data/pg_database.h"

namespace millrace {

struct ExportPostgres {
  static constexpr std::string_view name = "export.postgres";
  static constexpr std::string_view doc =
      "Copies a table into a table of PostgreSQL, in one transaction together with a row of "
      "millrace_effects, which names run and task. So a retry does not write the rows twice, also "
      "if the answer to the commit is lost.";
  static constexpr int version = 1;

  std::string input, connection, connection_env, table, mode;
  std::vector<std::string> columns, keys;
  bool create = false;

  static auto params() {
    using E = ExportPostgres;
    return std::tuple{
        param("input", &E::input, "Digest of the table artifact")
            .example("${{ tasks.clean.outputs.table }}"),
        param("connection", &E::connection, kConnectionDoc).def("").checked_by(check_connection),
        param("connection_env", &E::connection_env, kConnectionEnvDoc)
            .def("")
            .example("SHOP_DATABASE"),
        param("table", &E::table, "Table, with or without its schema")
            .checked_by(&E::check_table)
            .example("reports.sales"),
        param("mode", &E::mode,
              "append: add the rows. replace: delete all other rows. upsert: replace the rows with "
              "the same keys")
            .def("append")
            .one_of({"append", "replace", "upsert"}),
        param("keys", &E::keys, "Of upsert: columns with a unique index over them").optional(),
        param("columns", &E::columns, "Columns to write; all by default").optional(),
        param("create", &E::create, "Create the table if it does not exist; keys become its key")
            .def(false)};
  }
  /// What is wrong with the name of a table.
  static std::optional<TextProblem> check_table(std::string_view text);
  static std::vector<ParamRule> rules() {
    return {exactly_one_of({"connection", "connection_env"})};
  }
  static std::vector<std::pair<std::string, std::string>> outputs() {
    return {{"table", "name of the table"},
            {"rows", "number of rows written"},
            {"repeated", "true if an earlier attempt had written them"}};
  }
  Result<Outcome> run(OperatorContext& ctx) const;
};

}  // namespace millrace
