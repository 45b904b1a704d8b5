#include "operators/sensors/sensor_sql.h"

#include <optional>

#include "operators/data/pg_statement.h"

namespace millrace::operators {
namespace {

/// Of the types that JSON knows; pg_type.dat of PostgreSQL.
enum TypeId : unsigned {
  kBool = 16,
  kInt8 = 20,
  kInt2 = 21,
  kInt4 = 23,
  kJson = 114,
  kFloat4 = 700,
  kFloat8 = 701,
  kNumeric = 1700,
  kJsonb = 3802,
};

/// Of a decimal as PostgreSQL writes it, without exponent.
std::size_t significant_digits(std::string_view text) {
  std::size_t digits = 0;
  for (const char c : text) digits += c >= '0' && c <= '9' && (digits > 0 || c != '0');
  return digits;
}

/// A double keeps 15 decimal digits.
constexpr std::size_t kMostDigits = 15;

/// As JSON where it has the type and keeps the value, else as PostgreSQL writes it.
Json value_of(unsigned type, std::string_view text) {
  switch (type) {
    case kBool:
      return text == "t";
    case kNumeric:
      if (significant_digits(text) > kMostDigits) return text;
      [[fallthrough]];
    case kInt8:
    case kInt2:
    case kInt4:
    case kFloat4:
    case kFloat8:
    case kJson:
    case kJsonb: {
      auto parsed = Json::parse(text);
      return parsed ? *std::move(parsed) : Json(text);
    }
    default:
      return text;
  }
}

bool is_nothing(const Json& value) {
  return value.is_null() || value == Json(false) || value == Json("") ||
         (value.is_number() && value.as_double() == 0);
}

struct FirstRow {
  std::vector<pgclient::PgColumn> columns;
  std::optional<std::vector<Json>> values;

  void take(pgclient::PgRow row) {
    if (values) return;
    values.emplace();
    for (std::size_t i = 0; i < row.size(); ++i)
      values->push_back(row[i] ? value_of(columns[i].type, *row[i]) : Json());
  }
  Json to_json() const {
    Json out = Json::object();
    for (std::size_t i = 0; i < values->size(); ++i) out.set(columns[i].name, values->at(i));
    return out;
  }
};

Look judged(const FirstRow& row) {
  Look look;
  if (!row.values) {
    look.says = "the query gives no row";
    return look;
  }
  if (row.values->empty()) {
    look.says = "the query gives no column";
    return look;
  }
  const Json& first = row.values->front();
  std::string text = first.dump();
  if (text.size() > 100) text = text.substr(0, 97) + "...";
  look.says = "the first value, " + row.columns.front().name + ", is " + text;
  if (is_nothing(first)) return look;
  look.answer = Look::Answer::found;
  look.outputs = Json::object({{"row", row.to_json()}});
  return look;
}

}  // namespace

Result<Look> SensorSql::look(OperatorContext& ctx) const {
  MR_CHECK(check_query(query));
  MR_TRY(const pgclient::PgParams values, bound_params(params_));
  MR_TRY(auto database, connect_to(ctx, connection, connection_env));
  MR_CHECK(begin_transaction(database, true, statement_timeout));
  FirstRow first;
  const Status done = database.query(
      query, values,
      [&](const std::vector<pgclient::PgColumn>& columns) {
        first.columns = columns;
        return Status();
      },
      [&](pgclient::PgRow row) {
        first.take(row);
        return Status();
      });
  if (!done) return located_in_query(done.error(), query, database.error_place());
  return judged(first);
}

Result<Outcome> SensorSql::run(OperatorContext& ctx) const {
  const std::string where = connection_env.empty() ? "" : " in the database of " + connection_env;
  return run_sensor(ctx, *this, "a row of the query" + where,
                    [&](const Json&) { return look(ctx); });
}

}  // namespace millrace::operators
