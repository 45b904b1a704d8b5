// transform.sql: one SELECT over table artifacts.
#pragma once

#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "engine/core/outcome.h"
#include "engine/op/context.h"
#include "engine/op/param.h"
#include "operators/data/table_outputs.h"

namespace millrace {

struct TransformSql {
  static constexpr std::string_view name = "transform.sql";
  static constexpr std::string_view doc =
      "Makes one table of others by a SELECT of DuckDB: joins, cleaning, aggregation. The query "
      "reads its inputs by their names, and nothing else.";
  static constexpr int version = 1;

  Json inputs = Json::object();
  std::string sql;
  Json variables = Json::object();
  bool allow_empty = true;
  long max_rows = 0;
  std::string dataset;

  /// What is wrong with a query, as far as its text alone tells.
  static std::optional<TextProblem> check_text(std::string_view text);

  static auto params() {
    using T = TransformSql;
    return std::tuple{
        param("inputs", &T::inputs, "Name of a table in the query to the digest of its artifact")
            .texts()
            .example(Json::object({{"orders", "${{ tasks.orders.outputs.table }}"},
                                   {"customers", "${{ tasks.customers.outputs.table }}"}})),
        param("sql", &T::sql,
              "One SELECT of DuckDB. Without ORDER BY, the rows of joins and groups have no "
              "certain order")
            .checked_by(&T::check_text)
            .example("SELECT c.country, count(*) AS orders, sum(o.amount) AS amount FROM orders "
                     "AS o JOIN customers AS c ON o.customer = c.id WHERE o.amount >= "
                     "getvariable('least') GROUP BY ALL ORDER BY ALL"),
        param("variables", &T::variables,
              "Values for the query, which reads them as getvariable('name'); a value is never "
              "part of the SQL text")
            .def(Json::object())
            .mapping()
            .example(Json::object({{"least", 10}})),
        param("allow_empty", &T::allow_empty, "Accept a result without rows").def(true),
        param("max_rows", &T::max_rows, "More rows than this are an error").def(100'000'000).min(1),
        param("dataset", &T::dataset, "Dataset that this updates").def("")};
  }
  static std::vector<std::pair<std::string, std::string>> outputs() { return table_outputs(); }
  Result<Outcome> run(OperatorContext& ctx) const;
};

}  // namespace millrace
