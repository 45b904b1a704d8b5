#include "operators/data/validation.h"

#include <algorithm>
#include <cmath>
#include <set>

#include "engine/base/time.h"
#include "engine/data/sql.h"
#include "operators/data/contract.h"
#include "operators/data/distinct_checks.h"
#include "operators/data/expectation_sql.h"

namespace millrace {
namespace {

using data::join;
using data::Session;
using data::Table;

constexpr int kMostListed = 20;

std::string condition_of(const Expectation& e) {
  return e.row_condition.empty() ? "true" : "(" + e.row_condition + "\n)";
}

/// -1, 0, 1; times are compared as times. Nothing else has an order here.
std::optional<int> compare(const Json& a, const Json& b) {
  if (a.is_number() && b.is_number())
    return a.as_double() < b.as_double() ? -1 : a.as_double() > b.as_double() ? 1 : 0;
  if (!a.is_string() || !b.is_string()) return std::nullopt;
  const auto x = parse_rfc3339(a.as_view());
  const auto y = parse_rfc3339(b.as_view());
  if (x && y) return *x < *y ? -1 : *x > *y ? 1 : 0;
  return a.as_view().compare(b.as_view());
}

bool in_range(const Json& observed, const Json& low, const Json& high, const Json& kwargs) {
  if (!low.is_null()) {
    const auto order = compare(observed, low);
    if (!order || *order < (kwargs["strict_min"].as_bool() ? 1 : 0)) return false;
  }
  if (!high.is_null()) {
    const auto order = compare(observed, high);
    if (!order || *order > (kwargs["strict_max"].as_bool() ? -1 : 0)) return false;
  }
  return true;
}

bool quantiles_in_range(const Json& observed, const Json& ranges) {
  if (observed.size() != ranges.size()) return false;
  for (std::size_t i = 0; i < ranges.size(); ++i)
    if (!in_range(observed.at(i), ranges.at(i).at(0), ranges.at(i).at(1), Json())) return false;
  return true;
}

void judge_aggregate(Verdict& verdict, const Json& observed) {
  const Json& kwargs = verdict.expectation.kwargs;
  if (const Json* ranges = kwargs.find("quantile_ranges")) {
    verdict.success = quantiles_in_range(observed, (*ranges)["value_ranges"]);
    verdict.result.set("observed_value",
                       Json::object({{"quantiles", (*ranges)["quantiles"]}, {"values", observed}}));
    return;
  }
  verdict.result.set("observed_value", observed);
  if (kwargs.contains("value"))
    verdict.success = observed == kwargs["value"];
  else
    verdict.success = in_range(observed, kwargs["min_value"], kwargs["max_value"], kwargs);
}

Json names_of(const Schema& schema) {
  Json names = Json::array();
  for (const auto& column : schema) names.push_back(column.name);
  return names;
}

std::set<std::string> set_of(const Json& names) {
  std::set<std::string> out;
  for (const auto& name : names.items()) out.insert(name.as_string());
  return out;
}

bool column_set_matches(const Json& kwargs, const Schema& schema) {
  const auto wanted = set_of(kwargs["column_set"]);
  const auto present = set_of(names_of(schema));
  return kwargs["exact_match"].as_bool(true) ? wanted == present
                                             : std::ranges::includes(present, wanted);
}

bool type_is_one_of(const Json& kwargs, std::string_view type) {
  if (kwargs.contains("type_")) return type_matches(kwargs["type_"].as_view(), type);
  return std::ranges::any_of(kwargs["type_list"].items(), [&](const Json& wanted) {
    return type_matches(wanted.as_view(), type);
  });
}

void judge_schema(Verdict& verdict, const Schema& schema) {
  const Expectation& e = verdict.expectation;
  if (e.type == "expect_table_columns_to_match_ordered_list") {
    verdict.result.set("observed_value", names_of(schema));
    verdict.success = e.kwargs["column_list"] == names_of(schema);
  } else if (e.type == "expect_table_columns_to_match_set") {
    verdict.result.set("observed_value", names_of(schema));
    verdict.success = column_set_matches(e.kwargs, schema);
  } else if (e.type.starts_with("expect_table_column_count")) {
    judge_aggregate(verdict, Json(schema.size()));
  } else if (e.type == "expect_column_to_exist") {
    const Json* index = e.kwargs.find("column_index");
    verdict.success =
        index == nullptr ||
        names_of(schema).at(static_cast<std::size_t>(index->as_int(-1))) == e.kwargs["column"];
  } else {
    const std::string& type = find_column(schema, e.text("column"))->type;
    verdict.result.set("observed_value", type);
    verdict.success = type_is_one_of(e.kwargs, type);
  }
}

double percent(double part, double whole) { return whole > 0 ? 100 * part / whole : 0; }

/// Numbers and names of Great Expectations' column_map_expectation result.
void judge_rows(Verdict& verdict, std::int64_t elements, std::int64_t missing,
                std::int64_t unexpected, const Json& listed) {
  const std::int64_t judged = elements - missing;
  const double fine =
      judged > 0 ? static_cast<double>(judged - unexpected) / static_cast<double>(judged) : 1;
  verdict.success = unexpected == 0 || fine >= verdict.expectation.mostly;
  const auto number = [](std::int64_t n) { return static_cast<double>(n); };
  Json& out = verdict.result;
  out.set("element_count", elements);
  out.set("missing_count", missing);
  out.set("missing_percent", percent(number(missing), number(elements)));
  out.set("unexpected_count", unexpected);
  out.set("unexpected_percent", percent(number(unexpected), number(judged)));
  out.set("unexpected_percent_total", percent(number(unexpected), number(elements)));
  out.set("unexpected_percent_nonmissing", percent(number(unexpected), number(judged)));
  out.set("partial_unexpected_list", listed.is_null() ? Json::array() : listed);
}

/// A row check of one verdict, as the columns of the inner query and aggregates of the outer one.
struct RowQuery {
  std::size_t verdict = 0;
  RowCheck check;
  std::string condition;

  std::string bad_row() const {
    return "((" + condition + ") AND NOT (" + check.missing + ") AND (" + check.unexpected +
           ")) IS TRUE";
  }
  std::string inner(const std::string& id) const {
    return bad_row() + " AS b" + id + ", ((" + condition + ") AND (" + check.missing +
           ")) IS TRUE AS m" + id + ", (" + condition + ") IS TRUE AS e" + id + ", " + check.value +
           " AS v" + id;
  }
  /// arg_min passes over rows without a value, which may be what is wrong with them: hence lists.
  static std::string outer(const std::string& id) {
    return "count(*) FILTER (WHERE e" + id + ") AS e" + id + ", count(*) FILTER (WHERE m" + id +
           ") AS m" + id + ", count(*) FILTER (WHERE b" + id + ") AS b" + id +
           ", flatten(arg_min([v" + id + "], r, " + std::to_string(kMostListed) +
           ") FILTER (WHERE b" + id + ")) AS v" + id;
  }
};

class Evaluation {
 public:
  Evaluation(Session& session, const std::string& relation)
      : session_(session), relation_(relation) {}

  Result<Validation> run(const std::vector<Expectation>& expectations) {
    MR_CHECK(read_schema());
    MR_TRY(const Table counted, session_.query("SELECT count(*) AS n FROM " + relation_));
    out_.rows = counted.at(0, "n").as_int();
    for (const auto& expectation : expectations) {
      out_.verdicts.emplace_back();
      out_.verdicts.back().expectation = expectation;
    }
    for (std::size_t i = 0; i < out_.verdicts.size(); ++i) MR_CHECK(sort_in(i));
    MR_CHECK(run_aggregates(aggregates_));
    MR_CHECK(run_row_checks(row_queries_));
    return std::move(out_);
  }

 private:
  struct Aggregate {
    std::size_t verdict;
    std::string sql;
  };

  Status read_schema() {
    MR_TRY(const Table table,
           session_.query("SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM " +
                          relation_ + ")"));
    for (std::size_t i = 0; i < table.rows(); ++i)
      schema_.push_back(
          {table.at(i, "column_name").as_string(), table.at(i, "column_type").as_string()});
    return {};
  }

  void fail(std::size_t index, std::string why) {
    out_.verdicts[index].success = false;
    out_.verdicts[index].result.set("details", std::move(why));
  }

  /// Judges what needs no rows, queries what needs a query of its own, queues the rest.
  Status sort_in(std::size_t index) {
    Verdict& verdict = out_.verdicts[index];
    const Expectation& e = verdict.expectation;
    const ExpectationType* type = find_expectation_type(e.type);
    if (type == nullptr) return internal_error("unknown expectation '" + e.type + "'");
    if (type->kind == ExpectationKind::schema && e.type.starts_with("expect_table")) {
      judge_schema(verdict, schema_);
      return {};
    }
    for (const auto& name : columns_of(e))
      if (find_column(schema_, name) == nullptr) {
        fail(index, "the table has no column '" + name + "'");
        return {};
      }
    if (!e.row_condition.empty())
      if (auto parsed = session_.parse_expression(e.row_condition, "row_condition"); !parsed) {
        fail(index, parsed.error().message);
        return {};
      }
    switch (type->kind) {
      case ExpectationKind::schema:
        judge_schema(verdict, schema_);
        return {};
      case ExpectationKind::rows:
        return queue_rows(index);
      case ExpectationKind::column:
        return queue_column(index);
    }
    return {};
  }

  /// Whether the statement can be prepared and its constants (regular expressions) are sound.
  bool sound(std::size_t index, const std::string& select) {
    const auto tried = session_.query(select + " LIMIT 0");
    if (!tried) fail(index, tried.error().message);
    return tried.ok();
  }

  Status queue_rows(std::size_t index) {
    const Expectation& e = out_.verdicts[index].expectation;
    RowQuery query{index, row_check(e, schema_, relation_), condition_of(e)};
    if (sound(index, "SELECT " + query.inner("0") + " FROM (FROM " + relation_ + " LIMIT 0)"))
      row_queries_.push_back(std::move(query));
    return {};
  }

  Status queue_column(std::size_t index) {
    Verdict& verdict = out_.verdicts[index];
    const Expectation& e = verdict.expectation;
    const std::string source = relation_ + " WHERE " + condition_of(e);
    const std::string sql = aggregate_sql(e, schema_);
    if (sql.empty()) {
      auto made = check_distinct(session_, source, e, *find_column(schema_, e.text("column")));
      if (!made) return settle(index, made.error());
      verdict.success = made->success;
      verdict.result = std::move(made->result);
      return {};
    }
    if (!sound(index, "SELECT " + sql + " FROM (FROM " + relation_ + " LIMIT 0)")) return {};
    if (e.row_condition.empty()) {
      aggregates_.push_back({index, sql});
      return {};
    }
    const auto answer = session_.query("SELECT " + sql + " AS a FROM " + source);
    if (!answer) return settle(index, answer.error());
    judge_aggregate(verdict, answer->at(0, "a"));
    return {};
  }

  /// A check's own error fails the check; others (cancelled, memory) end the evaluation.
  Status settle(std::size_t index, const Error& error) {
    if (error.code != ErrorCode::data_invalid && error.code != ErrorCode::invalid_argument &&
        error.code != ErrorCode::unsupported)
      return error;
    fail(index, error.message);
    return {};
  }

  /// All in one pass; if that fails, one by one, so that the failure falls on the one it is of.
  Status run_aggregates(const std::vector<Aggregate>& batch) {
    if (batch.empty()) return {};
    std::vector<std::string> items;
    for (const auto& aggregate : batch) items.push_back(aggregate.sql);
    const auto answer = session_.query("SELECT " + join(items, ", ") + " FROM " + relation_);
    if (answer) {
      for (std::size_t i = 0; i < batch.size(); ++i)
        judge_aggregate(out_.verdicts[batch[i].verdict], answer->columns[i].cells[0]);
      return {};
    }
    if (batch.size() == 1) return settle(batch[0].verdict, answer.error());
    for (const auto& aggregate : batch) MR_CHECK(run_aggregates({aggregate}));
    return {};
  }

  Status run_row_checks(const std::vector<RowQuery>& batch) {
    if (batch.empty()) return {};
    std::vector<std::string> inner;
    std::vector<std::string> outer;
    for (std::size_t i = 0; i < batch.size(); ++i) {
      inner.push_back(batch[i].inner(std::to_string(i)));
      outer.push_back(RowQuery::outer(std::to_string(i)));
    }
    const auto answer =
        session_.query("SELECT " + join(outer, ", ") + " FROM (SELECT file_row_number AS r, " +
                       join(inner, ", ") + " FROM " + relation_ + ")");
    if (answer) {
      for (std::size_t i = 0; i < batch.size(); ++i) read_counts(batch[i], *answer, i);
      return {};
    }
    if (batch.size() == 1) return settle(batch[0].verdict, answer.error());
    for (const auto& query : batch) MR_CHECK(run_row_checks({query}));
    return {};
  }

  void read_counts(const RowQuery& query, const Table& answer, std::size_t i) {
    const auto cell = [&](char kind) -> const Json& {
      return answer.at(0, kind + std::to_string(i));
    };
    Verdict& verdict = out_.verdicts[query.verdict];
    judge_rows(verdict, cell('e').as_int(), cell('m').as_int(), cell('b').as_int(), cell('v'));
    if (!verdict.success) verdict.bad_row = query.bad_row();
  }

  Session& session_;
  const std::string relation_;
  Schema schema_;
  Validation out_;
  std::vector<Aggregate> aggregates_;
  std::vector<RowQuery> row_queries_;
};

}  // namespace

Json Verdict::to_json() const {
  Json kwargs = expectation.kwargs;
  if (expectation.mostly < 1) kwargs.set("mostly", expectation.mostly);
  if (!expectation.row_condition.empty()) kwargs.set("row_condition", expectation.row_condition);
  return Json::object({{"success", success},
                       {"severity", to_string(expectation.severity)},
                       {"expectation_config",
                        Json::object({{"type", expectation.type},
                                      {"kwargs", std::move(kwargs)},
                                      {"meta", Json::object({{"source", expectation.source}})}})},
                       {"result", result}});
}

bool Validation::success() const {
  return std::ranges::none_of(verdicts, [](const Verdict& verdict) {
    return !verdict.success && verdict.expectation.severity == ExpectationSeverity::error;
  });
}

Result<Validation> evaluate(Session& session, const std::string& relation,
                            const std::vector<Expectation>& expectations) {
  return Evaluation(session, relation).run(expectations);
}

}  // namespace millrace
