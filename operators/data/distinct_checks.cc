#include "operators/data/distinct_checks.h"

#include <cmath>
#include <vector>

#include "engine/data/sql.h"
#include "operators/data/exact_sql.h"

namespace millrace {
namespace {

using data::quote_identifier;

Result<Json> values_of(data::Session& session, const std::string& sql) {
  MR_TRY(const data::Table table, session.query(sql));
  Json out = Json::array();
  for (std::size_t i = 0; i < table.rows(); ++i) out.push_back(table.at(i, "value"));
  return out;
}

/// Distinct values of the column for which `condition` holds, the smallest 20.
Result<Json> distinct_where(data::Session& session, const std::string& source,
                            const std::string& column, const std::string& condition) {
  return values_of(session, "SELECT DISTINCT " + column + " AS value FROM (SELECT * FROM " +
                                source + ") WHERE " + column + " IS NOT NULL AND " + condition +
                                " ORDER BY 1 LIMIT " + std::to_string(kMostListedValues));
}

/// The members of the set that no row has.
Result<Json> absent_from(data::Session& session, const std::string& source,
                         const std::string& column, const Json& set, std::string_view type) {
  Json absent = Json::array();
  for (const auto& value : set.items()) {
    MR_TRY(const std::string literals, set_literals(Json::array({value}), type));
    MR_TRY(const Json found, distinct_where(session, source, column, column + " IN " + literals));
    if (found.size() == 0) absent.push_back(value);
  }
  return absent;
}

Result<DistinctVerdict> check_sets(data::Session& session, const std::string& source,
                                   const Expectation& e, const ColumnType& column) {
  const std::string c = quote_identifier(column.name);
  const Json& set = e.kwargs["value_set"];
  DistinctVerdict out;
  out.success = true;
  if (!e.type.ends_with("_to_contain_set")) {
    MR_TRY(const std::string literals, set_literals(set, column.type));
    MR_TRY(Json extra,
           distinct_where(session, source, c, "(" + c + " IN " + literals + ") IS NOT TRUE"));
    out.success = extra.size() == 0;
    out.result.set("unexpected_values", std::move(extra));
  }
  if (!e.type.ends_with("_to_be_in_set")) {
    MR_TRY(Json absent, absent_from(session, source, c, set, column.type));
    out.success = out.success && absent.size() == 0;
    out.result.set("missing_values", std::move(absent));
  }
  MR_TRY(Json observed, distinct_where(session, source, c, "true"));
  out.result.set("observed_value", std::move(observed));
  return out;
}

Result<DistinctVerdict> check_most_common(data::Session& session, const std::string& source,
                                          const Expectation& e, const ColumnType& column) {
  const std::string c = quote_identifier(column.name);
  MR_TRY(const std::string set, set_literals(e.kwargs["value_set"], column.type));
  MR_TRY(const data::Table modes,
         session.query("WITH counted AS (SELECT " + c + " AS value, count(*) AS n FROM " +
                       "(SELECT * FROM " + source + ") WHERE " + c +
                       " IS NOT NULL GROUP BY 1) SELECT value, (value IN " + set +
                       ") IS TRUE AS member FROM counted WHERE n = (SELECT max(n) FROM counted) " +
                       "ORDER BY 1 LIMIT " + std::to_string(kMostListedValues)));
  DistinctVerdict out;
  Json observed = Json::array();
  bool any = false;
  for (std::size_t i = 0; i < modes.rows(); ++i) {
    any = any || modes.at(i, "member").as_bool();
    observed.push_back(modes.at(i, "value"));
  }
  // As Great Expectations does: several values that are as common as each other are a tie.
  out.success = any && (observed.size() == 1 || e.kwargs["ties_okay"].as_bool());
  out.result.set("observed_value", std::move(observed));
  return out;
}

/// How the column is cut into the partition's cells: one count for each, and the rest.
Result<std::vector<std::string>> partition_cells(const Json& partition, const std::string& column,
                                                 std::string_view type) {
  std::vector<std::string> cells;
  for (const auto& value : partition["values"].items()) {
    MR_TRY(const std::string literals, set_literals(Json::array({value}), type));
    cells.push_back(column + " IN " + literals);
  }
  const Json& bins = partition["bins"];
  for (std::size_t i = 0; i + 1 < bins.size(); ++i) {
    MR_TRY(const std::string low, compare_sql(column, type, ">=", bins.at(i)));
    MR_TRY(const std::string high,
           compare_sql(column, type, i + 2 == bins.size() ? "<=" : "<", bins.at(i + 1)));
    cells.push_back(low + " AND " + high);
  }
  if (cells.empty() || cells.size() != partition["weights"].size())
    return invalid_argument(
        "partition_object needs weights, and as many values, or one more bins than weights");
  double sum = 0;
  for (const auto& weight : partition["weights"].items()) {
    if (weight.as_double(-1) < 0)
      return invalid_argument("partition_object.weights must be numbers from 0 on");
    sum += weight.as_double();
  }
  if (std::abs(sum - 1) > 1e-6)
    return invalid_argument("partition_object.weights add up to " + Json(sum).dump() +
                            "; they must add up to 1");
  return cells;
}

/// Sum of p ln(p / q) over the cells (Kullback and Leibler 1951), observed p against expected q.
double kl_divergence(const std::vector<double>& observed, const std::vector<double>& expected) {
  double sum = 0;
  for (std::size_t i = 0; i < observed.size(); ++i)
    if (observed[i] > 0) sum += observed[i] * std::log(observed[i] / expected[i]);
  return sum;
}

Result<DistinctVerdict> check_divergence(data::Session& session, const std::string& source,
                                         const Expectation& e, const ColumnType& column) {
  const std::string c = quote_identifier(column.name);
  const Json& partition = e.kwargs["partition_object"];
  const double tail = e.kwargs["tail_weight_holdout"].as_double(0);
  MR_TRY(const auto cells, partition_cells(partition, c, column.type));
  std::string sql = "SELECT count(" + c + ") AS n";
  for (std::size_t i = 0; i < cells.size(); ++i)
    sql += ", count(*) FILTER (WHERE " + cells[i] + ") AS c" + std::to_string(i);
  MR_TRY(const data::Table counts, session.query(sql + " FROM (SELECT * FROM " + source + ")"));

  DistinctVerdict out;
  const double rows = counts.at(0, "n").as_double();
  if (rows == 0) {
    out.result.set("observed_value", Json());
    out.result.set("details", "the column has no value whose distribution could be compared");
    return out;
  }
  std::vector<double> observed;
  std::vector<double> expected;
  double inside = 0;
  for (std::size_t i = 0; i < cells.size(); ++i) {
    const double count = counts.columns[i + 1].cells[0].as_double();
    inside += count;
    observed.push_back(count / rows);
    expected.push_back(partition["weights"].at(i).as_double() * (1 - tail));
  }
  observed.push_back((rows - inside) / rows);  // values that the partition does not have
  expected.push_back(tail);
  const double divergence = kl_divergence(observed, expected);
  out.success = std::isfinite(divergence) && divergence <= e.kwargs["threshold"].as_double();
  out.result.set("observed_value", divergence);
  if (!std::isfinite(divergence))
    out.result.set("details", "there are values to which the partition gives no weight");
  return out;
}

}  // namespace

Result<DistinctVerdict> check_distinct(data::Session& session, const std::string& source,
                                       const Expectation& e, const ColumnType& column) {
  if (e.type == "expect_column_most_common_value_to_be_in_set")
    return check_most_common(session, source, e, column);
  if (e.type == "expect_column_kl_divergence_to_be_less_than")
    return check_divergence(session, source, e, column);
  return check_sets(session, source, e, column);
}

}  // namespace millrace
