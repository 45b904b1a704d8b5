// sensor.sql: waits for an answer of a PostgreSQL database.
#pragma once

#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "engine/op/catalog.h"
#include "operators/data/pg_database.h"
#include "operators/sensors/sensor.h"

namespace millrace::operators {

struct SensorSql : SensorOptions {
  static constexpr std::string_view name = "sensor.sql";
  static constexpr std::string_view doc =
      "Waits until a query in a PostgreSQL database gives a row whose first value is not null, "
      "false, 0 or an empty text, and holds neither a slot nor a connection while it waits. Each "
      "look is a read-only transaction.";
  static constexpr int version = 1;

  std::string connection, connection_env, query;
  Json params_ = Json::array();
  Duration statement_timeout{};

  static auto params() {
    using S = SensorSql;
    return std::tuple_cat(
        std::tuple{
            param("connection", &S::connection, kConnectionDoc)
                .def("")
                .checked_by(check_connection),
            param("connection_env", &S::connection_env, kConnectionEnvDoc)
                .def("")
                .example("SHOP_DATABASE"),
            param("query", &S::query, "One statement of PostgreSQL that gives rows")
                .example("SELECT count(*) FROM loads WHERE day = $1 AND complete"),
            param("params", &S::params_,
                  "List of the values of $1, $2, …; they are bound and never part of the SQL text")
                .def(Json::array())
                .example(Json::array({"${{ date(run.data_interval_start, '%Y-%m-%d') }}"})),
            param("statement_timeout", &S::statement_timeout, "Limit of the statement").def("30s")},
        sensor_params());
  }
  static std::vector<ParamRule> rules() {
    return {exactly_one_of({"connection", "connection_env"})};
  }
  static std::vector<std::pair<std::string, std::string>> outputs() {
    return sensor_outputs({{"row", "The first row, as {column: value}"}});
  }
  Result<Outcome> run(OperatorContext& ctx) const;

 private:
  Result<Look> look(OperatorContext& ctx) const;
};

}  // namespace millrace::operators
