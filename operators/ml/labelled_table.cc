#include "operators/ml/labelled_table.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>

#include "engine/base/suggest.h"
#include "engine/data/key_columns.h"
#include "engine/data/sql.h"
#include "engine/data/table_relation.h"
#include "operators/data/table_artifact.h"

namespace millrace::operators {
namespace {

using data::ColumnData;

bool is_numeric(std::string_view type) {
  static constexpr std::array<std::string_view, 13> kNames = {
      "BOOLEAN",   "TINYINT",  "SMALLINT", "INTEGER",  "BIGINT", "HUGEINT", "UTINYINT",
      "USMALLINT", "UINTEGER", "UBIGINT",  "UHUGEINT", "FLOAT",  "DOUBLE"};
  return std::ranges::find(kNames, type) != kNames.end() || type.starts_with("DECIMAL");
}

Error no_such_column(const std::string& column, std::string_view role,
                     const std::vector<std::string>& known) {
  return invalid_argument("the table has no column '" + column + "' (" + std::string(role) + ")" +
                          did_you_mean(column, known));
}

struct Choice {
  std::vector<std::string> features;
  std::vector<std::string> left_out;
};

/// Which columns are features: those asked for, or all numeric ones that have no other role.
Result<Choice> choose_features(const data::Table& empty, const TableColumns& columns) {
  Choice all;
  std::vector<std::string> known;
  for (const auto& column : empty.columns) {
    known.push_back(column.name);
    const bool other_role = column.name == columns.label || column.name == columns.timestamp ||
                            std::ranges::find(columns.entity, column.name) != columns.entity.end();
    if (other_role) continue;
    if (is_numeric(column.type))
      all.features.push_back(column.name);
    else
      all.left_out.push_back(column.name + " (" + column.type + ")");
  }
  for (const auto& [column, role] :
       {std::pair{columns.label, "label"}, std::pair{columns.timestamp, "timestamp"}})
    if (!column.empty() && empty.find(column) == nullptr)
      return no_such_column(column, role, known);
  for (const auto& column : columns.features)
    if (empty.find(column) == nullptr) return no_such_column(column, "feature", known);
  if (!columns.features.empty()) return Choice{columns.features, {}};
  if (all.features.empty())
    return make_error(
        ErrorCode::data_invalid,
        "the table has no numeric column to learn from; it has " + data::join(all.left_out, ", "));
  return all;
}

Result<ml::Matrix> to_matrix(const std::vector<ColumnData>& columns, std::size_t count) {
  ml::Matrix out(columns.empty() ? 0 : columns.front().rows(), count);
  for (std::size_t i = 0; i < count; ++i) {
    if (columns[i].kind != ColumnData::Kind::number)
      return make_error(ErrorCode::data_invalid,
                        "feature '" + columns[i].name + "' is " +
                            (columns[i].kind == ColumnData::Kind::text ? "text" : "a time") +
                            "; make a number of it in features.build, or leave it out");
    out.set_column(i, columns[i].numbers);
  }
  return out;
}

/// The rows with a label, by time.
Result<std::vector<std::size_t>> order_of(const ColumnData* label, const ColumnData* time,
                                          std::size_t rows) {
  if (label != nullptr && label->kind != ColumnData::Kind::number)
    return make_error(ErrorCode::data_invalid,
                      "the label '" + label->name + "' must be a number or a boolean");
  if (time != nullptr && time->kind != ColumnData::Kind::time)
    return make_error(ErrorCode::data_invalid,
                      "the timestamp column '" + time->name + "' holds no dates or times");
  std::vector<std::size_t> order;
  order.reserve(rows);
  for (std::size_t row = 0; row < rows; ++row) {
    if (time != nullptr && time->micros[row] == data::kNullMicros)
      return make_error(ErrorCode::data_invalid,
                        "row " + std::to_string(row + 1) + " has no time in '" + time->name + "'");
    if (label == nullptr || !std::isnan(label->numbers[row])) order.push_back(row);
  }
  if (time != nullptr)
    std::ranges::stable_sort(order, {}, [&](std::size_t row) { return time->micros[row]; });
  return order;
}

}  // namespace

Result<ml::Matrix> read_features(data::Session& session, const std::string& relation,
                                 const std::vector<std::string>& features) {
  MR_TRY(const auto columns,
         session.fetch("SELECT " + data::identifier_list(features) + " FROM " + relation));
  return to_matrix(columns, features.size());
}

Result<LabelledTable> read_labelled(OperatorContext& ctx, std::string_view input,
                                    const TableColumns& columns) {
  MR_TRY(const StoredArtifact artifact, ctx.artifacts().get(input));
  MR_TRY(auto session, open_session(ctx, {artifact.path}));
  MR_TRY(const std::string relation, data::table_relation(session, artifact.path));
  MR_TRY(const data::Table empty, session.query("SELECT * FROM " + relation + " LIMIT 0"));
  for (const auto& column : columns.entity) MR_CHECK(data::check_key("entity", column, empty));
  LabelledTable out;
  MR_TRY(Choice choice, choose_features(empty, columns));
  out.data.feature_names = std::move(choice.features);
  out.left_out = std::move(choice.left_out);

  std::vector<std::string> wanted = out.data.feature_names;
  if (!columns.label.empty()) wanted.push_back(columns.label);
  if (!columns.timestamp.empty()) wanted.push_back(columns.timestamp);
  MR_TRY(const auto fetched,
         session.fetch("SELECT " + data::identifier_list(wanted) + " FROM " + relation));
  const std::size_t count = out.data.feature_names.size();
  const ColumnData* label = columns.label.empty() ? nullptr : &fetched[count];
  const ColumnData* time = columns.timestamp.empty() ? nullptr : &fetched.back();
  MR_TRY(const ml::Matrix all, to_matrix(fetched, count));
  MR_TRY(const auto order, order_of(label, time, all.rows()));

  out.unlabelled = all.rows() - order.size();
  out.data.features = ml::Matrix(order.size(), count);
  for (std::size_t row = 0; row < order.size(); ++row) {
    std::ranges::copy(all.row(order[row]), out.data.features.row(row).begin());
    if (label != nullptr) out.data.labels.push_back(label->numbers[order[row]]);
    if (time != nullptr) out.micros.push_back(time->micros[order[row]]);
  }
  return out;
}

Status check_labels(std::string_view column, const std::vector<double>& labels,
                    ml::Objective objective) {
  const bool binary = objective == ml::Objective::binary;
  constexpr std::size_t kMostShown = 3;
  std::vector<std::string> shown;
  std::size_t wrong = 0;
  bool more = false;  // values than are shown
  for (const double label : labels) {
    if (binary ? label == 0 || label == 1 : std::isfinite(label)) continue;
    ++wrong;
    std::string text = std::isinf(label) ? (label < 0 ? "-inf" : "inf") : Json(label).dump();
    if (text.ends_with(".0")) text.resize(text.size() - 2);
    if (std::ranges::find(shown, text) != shown.end()) continue;
    if (shown.size() < kMostShown)
      shown.push_back(std::move(text));
    else
      more = true;
  }
  if (wrong == 0) return {};
  const std::string what = "the label '" + std::string(column) + "' is " + data::join(shown, ", ") +
                           (more ? ", …" : "") + " in " + std::to_string(wrong) + " of " +
                           std::to_string(labels.size()) + " rows; ";
  if (!binary) return data_invalid(what + "it must be a finite number");
  return data_invalid(what +
                      "the label of a binary model is 0 or 1. For two other classes, make it 0 or "
                      "1 in features.build, e.g. label: \"" +
                      std::string(column) + " = " + shown.front() +
                      "\"; to predict a number, use algorithm: linear, or xgboost with objective: "
                      "regression");
}

RowRange rows_between(const std::vector<std::int64_t>& micros, Time from, Time to) {
  const auto first = std::ranges::lower_bound(micros, to_micros(from));
  const auto last = std::lower_bound(first, micros.end(), to_micros(to));
  return {static_cast<std::size_t>(first - micros.begin()),
          static_cast<std::size_t>(last - micros.begin())};
}

Result<Time> time_or(std::string_view text, Time other) {
  if (text.empty()) return other;
  return parse_rfc3339(text);
}

}  // namespace millrace::operators
