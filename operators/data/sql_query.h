// sql.query: the rows of one query in PostgreSQL.
#pragma once

#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "engine/core/outcome.h"
#include "engine/op/context.h"
#include "engine/op/param.h"
#include "operators/data/pg_database.h"
#include "operators/data/table_outputs.h"
#include "operators/data/table_watermark.h"

namespace millrace {

struct SqlQuery {
  static constexpr std::string_view name = "sql.query";
  static constexpr std::string_view doc =
      "Runs one query in a PostgreSQL database and makes a table artifact of its rows, or outputs. "
      "The transaction is read-only by default. If the task is cancelled, the query is cancelled "
      "in the database.";
  static constexpr int version = 1;

  std::string connection, connection_env, query, output, dataset, watermark;
  Json params_ = Json::array();
  long max_rows = 0, max_bytes = 0;
  Duration timeout{};
  bool read_only = true, allow_empty = true;

  static auto params() {
    using S = SqlQuery;
    return std::tuple{
        param("connection", &S::connection, kConnectionDoc).def("").checked_by(check_connection),
        param("connection_env", &S::connection_env, kConnectionEnvDoc)
            .def("")
            .example("SHOP_DATABASE"),
        param("query", &S::query, "One statement of PostgreSQL that gives rows")
            .example("SELECT id, amount, paid_at FROM orders WHERE paid_at >= $1"),
        param("params", &S::params_,
              "List of the values of $1, $2, …; they are bound and never part of the SQL text")
            .def(Json::array())
            .example(Json::array({"${{ run.logical_date }}"})),
        param("output", &S::output,
              "table: a table artifact. rows: also the output `values`, for at most 1000 rows")
            .def("table")
            .one_of({"table", "rows"}),
        param("read_only", &S::read_only,
              "False allows the statement to write; a retry of the task repeats it")
            .def(true),
        param("timeout", &S::timeout, "Limit of the statement; the task's timeout counts as well")
            .def("30m"),
        param("allow_empty", &S::allow_empty, "Accept a result without rows").def(true),
        param("max_rows", &S::max_rows, "More rows than this are an error").def(100'000'000).min(1),
        param("max_bytes", &S::max_bytes, "More bytes of values than this are an error")
            .def(std::int64_t{4} << 30)
            .min(1),
        param("dataset", &S::dataset, "Dataset that this updates").def(""),
        param("watermark", &S::watermark, kWatermarkDoc).def("")};
  }
  static std::vector<ParamRule> rules() {
    return {exactly_one_of({"connection", "connection_env"})};
  }
  static std::vector<std::pair<std::string, std::string>> outputs() {
    return table_outputs({{"values", "with output: rows, the rows as a list of {column: value}"},
                          {"watermark", kWatermarkOutputDoc}});
  }
  Result<Outcome> run(OperatorContext& ctx) const;
};

}  // namespace millrace
