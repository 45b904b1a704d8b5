#include "operators/features/features_build.h"

#include <algorithm>
#include <cctype>
#include <map>
#include <set>
#include <unordered_map>

#include "engine/base/counted.h"
#include "engine/base/suggest.h"
#include "engine/base/time.h"
#include "engine/data/key_columns.h"
#include "engine/data/sql.h"
#include "engine/data/table_relation.h"
#include "engine/data/user_sql.h"
#include "operators/data/table_artifact.h"
#include "operators/features/feature_spec.h"
#include "operators/features/row_sample.h"

namespace millrace {
namespace {

using data::ColumnData;
using data::join;
using data::quote_identifier;

/// Of all columns in memory at a time; a larger table must be built in parts.
constexpr std::size_t kMaxColumnBytes = std::size_t{6} << 30;
constexpr const char* kComputed = "__millrace_computed";
constexpr const char* kSampled = "__millrace_sampled";

std::string computed_name(std::size_t feature) { return "__millrace_" + std::to_string(feature); }

/// Everything about the declaration that the table itself has no part in.
struct Plan {
  std::vector<FeatureSpec> specs;
  std::string time;  // SQL: the timestamp as a TIMESTAMP
  std::string relation;
};

/// DuckDB tells names apart without regard to case, and would rename the second: hour_1.
Status check_names(const FeaturesBuild& op, const std::vector<FeatureSpec>& specs) {
  std::set<std::string> taken;
  const auto take = [&](std::string name) {
    std::ranges::transform(name, name.begin(),
                           [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
    return taken.insert(std::move(name)).second;
  };
  for (const auto& column : op.entity)
    if (!take(column)) return invalid_argument("entity names the column '" + column + "' twice");
  if (std::ranges::find(op.entity, op.timestamp) == op.entity.end() && !take(op.timestamp))
    return invalid_argument("timestamp '" + op.timestamp + "' is the name of an entity's column");
  if (!op.label.empty() && !take("label"))
    return invalid_argument(
        "the label becomes the column 'label', which is among entity and timestamp already");
  for (const auto& spec : specs)
    if (spec.name.empty() || !take(spec.name))
      return invalid_argument("feature '" + spec.name +
                              "' has the name of another column of the result; rename it");
  return {};
}

Status check_columns(const FeaturesBuild& op, const std::vector<FeatureSpec>& specs,
                     const data::Table& empty) {
  if (empty.find(op.timestamp) == nullptr)
    return data::no_such_column("timestamp", op.timestamp, empty);
  for (const auto& column : op.entity) MR_CHECK(data::check_key("entity", column, empty));
  for (const auto& spec : specs)
    for (const auto& column : spec.by)
      MR_CHECK(data::check_key("feature '" + spec.name + "'", column, empty));
  return {};
}

/// Checks all expressions; says in the log where a feature reads what the label is made of.
Status check_expressions(OperatorContext& ctx, data::Session& session, const FeaturesBuild& op,
                         const std::vector<FeatureSpec>& specs, const std::string& relation) {
  std::vector<std::string> of_label;
  if (!op.label.empty()) {
    MR_TRY(of_label, check_row_expression(session, op.label, "label"));
    MR_CHECK(data::check_expression(session, "label", op.label, relation));
  }
  for (const auto& spec : specs) {
    const std::string what = "feature '" + spec.name + "'";
    const std::string& text = spec.is_aggregate() ? spec.of : spec.expression;
    if (text.empty()) continue;
    MR_TRY(const auto columns, check_row_expression(session, text, what));
    MR_CHECK(data::check_expression(session, what, text, relation));
    if (spec.is_aggregate()) continue;
    for (const auto& column : columns)
      if (std::ranges::find(of_label, column) != of_label.end())
        ctx.log("warning: " + what + " reads '" + column +
                "' of the row itself, which the label is made of; is it known at that time?");
  }
  return {};
}

Result<std::string> time_expression(const FeaturesBuild& op, const data::Table& empty) {
  const std::string type = empty.find(op.timestamp)->type;  // check_columns has found it
  const std::string column = quote_identifier(op.timestamp);
  if (type == "TIMESTAMP") return column;
  if (type.starts_with("TIMESTAMP") || type == "DATE") return "CAST(" + column + " AS TIMESTAMP)";
  return invalid_argument("timestamp '" + op.timestamp + "' is of type " + type +
                          "; it must be a timestamp or a date");
}

Result<Plan> make_plan(OperatorContext& ctx, data::Session& session, const FeaturesBuild& op,
                       std::string relation) {
  Plan plan;
  plan.relation = std::move(relation);
  MR_TRY(plan.specs, parse_features(op.features, op.entity));
  MR_CHECK(check_names(op, plan.specs));
  MR_TRY(const data::Table empty, session.query("SELECT * FROM " + plan.relation + " LIMIT 0"));
  MR_CHECK(check_columns(op, plan.specs, empty));
  MR_CHECK(check_expressions(ctx, session, op, plan.specs, plan.relation));
  MR_TRY(plan.time, time_expression(op, empty));
  return plan;
}

/// The columns that aggregates need, each once: the time, group keys as text, values as numbers.
class Columns {
 public:
  static Result<Columns> fetch(data::Session& session, const FeaturesBuild& op, const Plan& plan) {
    Columns out;
    std::vector<std::string> items = {plan.time};
    if (op.sample < 1)
      for (const auto& column : op.entity) out.add(items, key_sql(column));
    for (const auto& spec : plan.specs) {
      if (!spec.is_aggregate()) continue;
      for (const auto& column : spec.by) out.add(items, key_sql(column));
      if (!spec.of.empty()) out.add(items, value_sql(spec.of));
    }
    MR_TRY(const data::Table counted, session.query("SELECT count(*) AS n FROM " + plan.relation));
    const auto rows = static_cast<std::size_t>(counted.at(0, "n").as_int());
    const std::size_t bytes = rows * 8 * (items.size() + plan.specs.size() + 6);
    if (bytes > kMaxColumnBytes || rows >= kNoGroup)
      return make_error(ErrorCode::resource_exhausted,
                        std::to_string(rows) + " rows with these features need about " +
                            std::to_string(bytes >> 20) + " MiB; build them in parts");
    MR_TRY(out.columns_, session.fetch("SELECT " + join(items, ", ") + " FROM " + plan.relation));
    return out;
  }

  const std::vector<std::int64_t>& times() const { return columns_[0].micros; }
  std::size_t rows() const { return columns_[0].micros.size(); }
  const ColumnData& key(const std::string& column) const { return at(key_sql(column)); }
  const std::vector<double>& values(const std::string& of) const {
    static const std::vector<double> none;
    return of.empty() ? none : at(value_sql(of)).numbers;
  }

 private:
  static std::string key_sql(const std::string& column) {
    return "CAST(" + quote_identifier(column) + " AS VARCHAR)";
  }
  static std::string value_sql(const std::string& of) { return "CAST((" + of + "\n) AS DOUBLE)"; }

  void add(std::vector<std::string>& items, std::string sql) {
    if (places_.try_emplace(sql, items.size()).second) items.push_back(std::move(sql));
  }
  const ColumnData& at(const std::string& sql) const { return columns_[places_.at(sql)]; }

  std::map<std::string, std::size_t> places_;
  std::vector<ColumnData> columns_;
};

struct Groups {
  std::vector<std::uint32_t> of_row;
  std::size_t count = 0;
};

/// Rows with equal keys share a group. A null in a key means no group, as in a SQL join.
Groups group_rows(const Columns& columns, const std::vector<std::string>& by) {
  Groups out;
  out.of_row.assign(columns.rows(), 0);
  out.count = 1;
  for (const auto& name : by) {
    const ColumnData& key = columns.key(name);
    std::unordered_map<std::uint64_t, std::uint32_t> known;
    for (std::size_t row = 0; row < out.of_row.size(); ++row) {
      std::uint32_t& group = out.of_row[row];
      if (group == kNoGroup) continue;
      if (key.codes[row] == data::kNullCode) {
        group = kNoGroup;
        continue;
      }
      // Pairs of numbers, not joined texts: ("1", "23") and ("12", "3") stay apart.
      const std::uint64_t pair = std::uint64_t{group} << 32 | key.codes[row];
      group = known.try_emplace(pair, static_cast<std::uint32_t>(known.size())).first->second;
    }
    out.count = known.size();
  }
  return out;
}

ColumnData sampled_rows(const FeaturesBuild& op, const Columns& columns) {
  std::vector<const ColumnData*> keys;
  for (const auto& column : op.entity) keys.push_back(&columns.key(column));
  return ColumnData::of_numbers(kSampled, sample_rows(columns.times(), keys, op.seed, op.sample));
}

Result<std::vector<ColumnData>> compute(OperatorContext& ctx, const FeaturesBuild& op,
                                        const Plan& plan, const Columns& columns) {
  std::vector<ColumnData> out;
  if (op.sample < 1) out.push_back(sampled_rows(op, columns));
  std::map<std::vector<std::string>, PastOrder> orders;
  for (std::size_t i = 0; i < plan.specs.size(); ++i) {
    const FeatureSpec& spec = plan.specs[i];
    if (!spec.is_aggregate()) continue;
    if (ctx.cancelled()) return make_error(ErrorCode::cancelled, "stopped");
    auto order = orders.find(spec.by);
    if (order == orders.end()) {
      const Groups groups = group_rows(columns, spec.by);
      order =
          orders.emplace(spec.by, order_past(columns.times(), groups.of_row, groups.count)).first;
    }
    out.push_back(ColumnData::of_numbers(
        computed_name(i),
        aggregate_past(order->second, columns.values(spec.of), spec.window, columns.rows())));
  }
  return out;
}

Result<std::string> row_filter(const FeaturesBuild& op, const Plan& plan) {
  std::vector<std::string> conditions;
  const auto add_bound = [&](const std::string& text, const char* comparison) -> Status {
    if (text.empty()) return {};
    MR_TRY(const Time bound, parse_rfc3339(text));
    conditions.push_back(plan.time + comparison + "make_timestamp(" +
                         std::to_string(to_micros(bound)) + ")");
    return {};
  };
  MR_CHECK(add_bound(op.from, " >= "));
  MR_CHECK(add_bound(op.to, " < "));
  if (op.sample < 1) conditions.push_back(quote_identifier(kSampled) + " = 1");
  return join(conditions, " AND ");
}

Result<std::string> select_statement(const FeaturesBuild& op, const Plan& plan) {
  std::vector<std::string> items;
  for (const auto& column : op.entity) items.push_back(quote_identifier(column));
  if (std::ranges::find(op.entity, op.timestamp) == op.entity.end())
    items.push_back(quote_identifier(op.timestamp));
  if (!op.label.empty()) items.push_back("(" + op.label + "\n) AS label");
  bool computed = op.sample < 1;
  for (std::size_t i = 0; i < plan.specs.size(); ++i) {
    const FeatureSpec& spec = plan.specs[i];
    computed = computed || spec.is_aggregate();
    const std::string sql =
        spec.is_aggregate() ? quote_identifier(computed_name(i)) : "(" + spec.expression + "\n)";
    items.push_back(sql + " AS " + quote_identifier(spec.name));
  }
  std::string select = "SELECT " + join(items, ", ") + " FROM " + plan.relation;
  if (computed) select += std::string(" POSITIONAL JOIN ") + kComputed;
  MR_TRY(const std::string filter, row_filter(op, plan));
  return filter.empty() ? select : select + " WHERE " + filter;
}

/// The statement failed on a value: finds the expression that does, so that the error names it.
Error name_the_feature(data::Session& session, const FeaturesBuild& op, const Plan& plan,
                       Error error) {
  if (error.code != ErrorCode::data_invalid) return error;
  const auto fails = [&](const std::string& what, const std::string& text) {
    const auto tried = session.query("SELECT count((" + text + "\n)) FROM " + plan.relation);
    if (!tried) error = data::explain_expression_error(tried.error(), what, text, {});
    return !tried;
  };
  if (!op.label.empty() && fails("label", op.label)) return error;
  for (const auto& spec : plan.specs) {
    const std::string& text = spec.is_aggregate() ? spec.of : spec.expression;
    const std::string value = spec.is_aggregate() ? "CAST((" + text + "\n) AS DOUBLE)" : text;
    if (!text.empty() && fails("feature '" + spec.name + "'", value)) return error;
  }
  return error;
}

Done describe(const FeaturesBuild& op, const Plan& plan, TableArtifact table) {
  Json names = Json::array();
  for (const auto& spec : plan.specs) names.push_back(spec.name);
  Done done;
  done.outputs = Json::object({{"table", table.stored.digest},
                               {"rows", table.statistics.rows},
                               {"columns", column_names(table.statistics)},
                               {"features", std::move(names)},
                               {"label", op.label.empty() ? Json() : Json("label")},
                               {"timestamp", op.timestamp},
                               {"bytes", table.stored.bytes},
                               {"statistics", statistics_summary(table.statistics)}});
  done.effects.emplace_back(std::move(table.effect));
  return done;
}

}  // namespace

Result<Outcome> FeaturesBuild::run(OperatorContext& ctx) const {
  MR_TRY(const StoredArtifact stored, ctx.artifacts().get(input));
  MR_TRY(data::Session session, open_session(ctx, {stored.path}));
  MR_TRY(std::string relation, data::table_relation(session, stored.path));
  MR_TRY(const Plan plan, make_plan(ctx, session, *this, std::move(relation)));
  const bool computes = sample < 1 || std::ranges::any_of(plan.specs, &FeatureSpec::is_aggregate);
  if (computes) {
    const auto columns = Columns::fetch(session, *this, plan);
    if (!columns) return name_the_feature(session, *this, plan, columns.error());
    MR_TRY(const auto computed, compute(ctx, *this, plan, *columns));
    MR_CHECK(session.create_table(kComputed, computed));
  }
  MR_TRY(const std::string select, select_statement(*this, plan));
  auto table = write_table(ctx, session, select, "features", {input});
  if (!table) return name_the_feature(session, *this, plan, table.error());
  ctx.log("built " + counted(static_cast<std::int64_t>(plan.specs.size()), "feature") + " for " +
          counted(table->statistics.rows, "row") + " as " + table->stored.digest);
  return Outcome(describe(*this, plan, *std::move(table)));
}

}  // namespace millrace
