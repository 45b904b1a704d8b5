#include "operators/data/validation.h"

#include <algorithm>
#include <optional>
#include <set>

#include "engine/base/key_type.h"
#include "engine/base/suggest.h"
#include "engine/data/sql.h"
#include "engine/data/table_relation.h"
#include "engine/data/user_sql.h"
#include "operators/data/contract.h"
#include "operators/data/distinct_checks.h"
#include "operators/data/expectation_sql.h"

namespace millrace {
namespace {

using data::join;
using data::Session;
using data::Table;

std::string condition_of(const Expectation& e) {
  return e.row_condition.empty() ? "true" : "(" + e.row_condition + "\n)";
}

/// `holds` is the answer of aggregate_holds.
void judge_aggregate(Verdict& verdict, const Json& observed, bool holds) {
  verdict.success = holds;
  const Json* ranges = verdict.expectation.kwargs.find("quantile_ranges");
  verdict.result.set("observed_value", ranges == nullptr
                                           ? observed
                                           : Json::object({{"quantiles", (*ranges)["quantiles"]},
                                                           {"values", observed}}));
}

bool count_in_range(std::size_t count, const Json& kwargs) {
  const auto observed = static_cast<double>(count);
  const Json &low = kwargs["min_value"], &high = kwargs["max_value"];
  if (kwargs.contains("value")) return observed == kwargs["value"].as_double(-1);
  if (!low.is_null() &&
      (kwargs["strict_min"].as_bool() ? observed <= low.as_double() : observed < low.as_double()))
    return false;
  return high.is_null() || (kwargs["strict_max"].as_bool() ? observed < high.as_double()
                                                           : observed <= high.as_double());
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
    verdict.result.set("observed_value", Json(schema.size()));
    verdict.success = count_in_range(schema.size(), e.kwargs);
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

constexpr const char* kEmptyTable = "__millrace_no_rows";

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
  Json shown = Json::array();
  for (const auto& value : listed.items())
    if (shown.size() < static_cast<std::size_t>(verdict.expectation.most_listed))
      shown.push_back(value);
  out.set("partial_unexpected_list", std::move(shown));
}

/// Long texts are cut: a report shows values, it does not carry them.
void cut_texts(Json& value) {
  constexpr std::size_t kMostBytes = 1000;
  if (value.is_string() && value.as_view().size() > kMostBytes) {
    std::string text = value.as_string();
    std::size_t end = kMostBytes;
    while (end > 0 && (static_cast<unsigned char>(text[end]) & 0xc0) == 0x80) --end;
    text.resize(end);
    value = Json(text + "…");
  }
  if (value.is_array())
    for (auto& item : value.mutable_items()) cut_texts(item);
  if (value.is_object())
    for (auto& member : value.mutable_members()) cut_texts(member.second);
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
  /// No FILTER: the plan of a SELECT with many of them costs the square of their number.
  static std::string outer(const std::string& id) {
    return "count_if(e" + id + ") AS e" + id + ", count_if(m" + id + ") AS m" + id +
           ", count_if(b" + id + ") AS b" + id + ", flatten(arg_min(CASE WHEN b" + id + " THEN [v" +
           id + "] END, r, " + std::to_string(kMostListedValues) + ")) AS v" + id;
  }
};

/// Checks that share a pass. The columns of a pass are read once; more of them in one statement
/// make its plan, not its pass, dearer.
constexpr std::size_t kChecksOfAPass = 64;

/// Calls run(part) for parts of at most kChecksOfAPass.
template <typename T, typename Run>
Status in_passes(const std::vector<T>& all, Run run) {
  for (std::size_t from = 0; from < all.size(); from += kChecksOfAPass) {
    const auto begin = all.begin() + static_cast<std::ptrdiff_t>(from);
    const auto count = std::min(kChecksOfAPass, all.size() - from);
    MR_CHECK(run(std::vector<T>(begin, begin + static_cast<std::ptrdiff_t>(count))));
  }
  return {};
}

template <typename T, typename Run>
Status in_halves(const std::vector<T>& all, Run run) {
  const auto middle = all.begin() + static_cast<std::ptrdiff_t>(all.size() / 2);
  MR_CHECK(run(std::vector<T>(all.begin(), middle)));
  return run(std::vector<T>(middle, all.end()));
}

class Evaluation {
 public:
  Evaluation(Session& session, const std::string& parquet) : session_(session), parquet_(parquet) {}

  Result<Validation> run(const std::vector<Expectation>& expectations) {
    MR_CHECK(read_schema());
    MR_TRY(const Table counted, session_.query("SELECT count(*) AS n FROM " + relation_));
    out_.rows = counted.at(0, "n").as_int();
    for (const auto& expectation : expectations) {
      out_.verdicts.emplace_back();
      out_.verdicts.back().expectation = expectation;
    }
    for (std::size_t i = 0; i < out_.verdicts.size(); ++i) MR_CHECK(sort_in(i));
    MR_CHECK(in_passes(aggregates_, [&](const auto& batch) { return run_aggregates(batch); }));
    MR_CHECK(in_passes(row_queries_, [&](const auto& batch) { return run_row_checks(batch); }));
    for (auto& verdict : out_.verdicts) {
      cut_texts(verdict.result);
      if (verdict.expectation.boolean_only) verdict.result = Json::object();
    }
    return std::move(out_);
  }

 private:
  struct Aggregate {
    std::size_t verdict;
    std::string sql;
    std::string type;  // of its value
  };

  Status read_schema() {
    MR_TRY(relation_, data::nan_as_null(session_, parquet_));
    MR_TRY(numbered_, data::numbered(session_, parquet_));
    MR_TRY(const Table table,
           session_.query("SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM " +
                          relation_ + ")"));
    for (std::size_t i = 0; i < table.rows(); ++i)
      schema_.push_back(
          {table.at(i, "column_name").as_string(), table.at(i, "column_type").as_string()});
    // Statements are tried on a table without rows: to bind the file each time is dear.
    return session_.execute(std::string("CREATE OR REPLACE TEMP TABLE ") + kEmptyTable +
                            " AS SELECT * FROM " + relation_ + " LIMIT 0");
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
    std::vector<std::string> names;
    for (const auto& column : schema_) names.push_back(column.name);
    for (const auto& name : columns_of(e))
      if (find_column(schema_, name) == nullptr) {
        fail(index, "the table has no column '" + name + "'" + did_you_mean(name, names) +
                        "; it has " + join(names, ", "));
        return {};
      }
    if (e.source == kContractKey)
      for (const auto& name : columns_of(e))
        if (auto key = check_key(e.source, name, find_column(schema_, name)->type); !key) {
          fail(index, key.error().message);
          return {};
        }
    if (!e.row_condition.empty())
      if (auto parsed =
              data::check_expression(session_, "row_condition", e.row_condition, kEmptyTable);
          !parsed) {
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

  /// The answer's columns, if the statement can be prepared and its constants (regular
  /// expressions) are sound; else fails the check and gives nothing.
  std::optional<Table> prepared(std::size_t index, const std::string& select) {
    auto tried = session_.query(select + " FROM " + kEmptyTable + " LIMIT 0");
    if (!tried) fail(index, tried.error().message);
    return tried ? std::optional(*std::move(tried)) : std::nullopt;
  }

  Status queue_rows(std::size_t index) {
    const Expectation& e = out_.verdicts[index].expectation;
    const auto check = row_check(e, schema_, relation_);
    if (!check) return settle(index, check.error());
    RowQuery query{index, *check, condition_of(e)};
    if (prepared(index, "SELECT " + query.inner("0"))) row_queries_.push_back(std::move(query));
    return {};
  }

  Status queue_column(std::size_t index) {
    Verdict& verdict = out_.verdicts[index];
    const Expectation& e = verdict.expectation;
    const std::string sql = aggregate_sql(e, schema_);
    if (sql.empty()) {
      const std::string source = relation_ + " WHERE " + condition_of(e);
      auto made = check_distinct(session_, source, e, *find_column(schema_, e.text("column")));
      if (!made) return settle(index, made.error());
      verdict.success = made->success;
      verdict.result = std::move(made->result);
      return {};
    }
    const auto shape = prepared(index, "SELECT " + sql);
    if (!shape) return {};
    const Aggregate aggregate{index, sql, shape->columns[0].type};
    if (!e.row_condition.empty()) return run_aggregates({aggregate});
    aggregates_.push_back(aggregate);
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

  /// All in one pass; if that fails, in halves, so that the failure falls on the one it is of.
  /// Several of them have no row_condition. A bound is compared in SQL, where no value is rounded.
  Status run_aggregates(const std::vector<Aggregate>& batch) {
    if (batch.empty()) return {};
    std::vector<std::string> values, answers;
    std::vector<std::size_t> verdicts;
    for (const auto& aggregate : batch) {
      const std::string name = "a" + std::to_string(values.size());
      const auto holds =
          aggregate_holds(out_.verdicts[aggregate.verdict].expectation, name, aggregate.type);
      if (!holds) {
        MR_CHECK(settle(aggregate.verdict, holds.error()));
        continue;
      }
      values.push_back(aggregate.sql + " AS " + name);
      answers.push_back(name + ", " + *holds + " IS TRUE AS h" + std::to_string(verdicts.size()));
      verdicts.push_back(aggregate.verdict);
    }
    if (verdicts.empty()) return {};
    const auto answer = session_.query("SELECT " + join(answers, ", ") + " FROM (SELECT " +
                                       join(values, ", ") + " FROM " + relation_ +
                                       where_of(out_.verdicts[verdicts[0]].expectation) + ")");
    if (answer) {
      for (std::size_t i = 0; i < verdicts.size(); ++i)
        judge_aggregate(out_.verdicts[verdicts[i]], answer->columns[2 * i].cells[0],
                        answer->columns[2 * i + 1].cells[0].as_bool());
      return {};
    }
    if (batch.size() == 1) return settle(batch[0].verdict, answer.error());
    return in_halves(batch, [&](const auto& half) { return run_aggregates(half); });
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
        session_.query("SELECT " + join(outer, ", ") + " FROM (SELECT " + data::kRowNumber +
                       " AS r, " + join(inner, ", ") + " FROM " + numbered_ + ")");
    if (answer) {
      for (std::size_t i = 0; i < batch.size(); ++i) read_counts(batch[i], *answer, i);
      return {};
    }
    if (batch.size() == 1) return settle(batch[0].verdict, answer.error());
    return in_halves(batch, [&](const auto& half) { return run_row_checks(half); });
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
  const std::string parquet_;
  std::string relation_;  // parquet_ with NaN as null
  std::string numbered_;  // relation_ and the number of each row
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

Result<Validation> evaluate(Session& session, const std::string& parquet,
                            const std::vector<Expectation>& expectations) {
  return Evaluation(session, parquet).run(expectations);
}

}  // namespace millrace
