#include "operators/data/validate.h"

#include <algorithm>
#include <filesystem>

#include "engine/base/counted.h"
#include "engine/data/scan.h"
#include "engine/data/sql.h"
#include "engine/data/table_relation.h"
#include "engine/spec/yaml_value.h"
#include "operators/data/contract.h"
#include "operators/data/table_artifact.h"
#include "operators/data/validation.h"
#include "operators/data/validation_report.h"

namespace millrace {
namespace {

Result<Json> load_contract(const Json& contract, const std::string& base_dir) {
  if (!contract.is_string()) return contract;
  return load_yaml_value(std::filesystem::path(base_dir) / contract.as_string());
}

Result<std::vector<Expectation>> all_expectations(const Validate& op, const AttemptInfo& attempt,
                                                  Time now) {
  if (op.contract.is_null() && op.expectations.is_null())
    return invalid_argument("there is nothing to check: give a contract, expectations, or both");
  Json list = Json::array();
  if (!op.contract.is_null()) {
    MR_TRY(const Json contract, load_contract(op.contract, attempt.base_dir));
    MR_TRY(list,
           contract_expectations(contract, attempt.has_interval ? attempt.data_interval_end : now));
  }
  MR_TRY(const Json suite, load_contract(op.expectations, attempt.base_dir));
  const Json& expectations = suite.is_object() ? suite["expectations"] : suite;
  if (!expectations.is_null() && !expectations.is_array())
    return invalid_argument(
        "expectations must be a list, or a suite of Great Expectations with the member "
        "expectations");
  for (const auto& expectation : expectations.items()) list.push_back(expectation);
  return parse_expectations(list);
}

/// The failed row checks of severity error: what makes a row bad.
std::vector<const Verdict*> condemning(const Validation& validation) {
  std::vector<const Verdict*> out;
  for (const auto& verdict : validation.verdicts)
    if (!verdict.bad_row.empty() && verdict.expectation.severity == ExpectationSeverity::error)
      out.push_back(&verdict);
  return out;
}

/// Whether some expectation of severity error failed that no removal of rows can cure.
bool fails_as_a_whole(const Validation& validation) {
  return std::ranges::any_of(validation.verdicts, [](const Verdict& verdict) {
    return !verdict.success && verdict.bad_row.empty() &&
           verdict.expectation.severity == ExpectationSeverity::error;
  });
}

std::string any_of(const std::vector<const Verdict*>& verdicts) {
  std::vector<std::string> predicates;
  for (const auto* verdict : verdicts) predicates.push_back("(" + verdict->bad_row + ")");
  return "(" + data::join(predicates, " OR ") + ")";
}

/// All columns, and what is wrong with the row.
std::string quarantine_select(const std::vector<const Verdict*>& verdicts,
                              const std::string& relation, long limit) {
  std::vector<std::string> cases;
  for (const auto* verdict : verdicts) {
    const std::string label = verdict->expectation.source + ": " + verdict->expectation.type;
    cases.push_back("CASE WHEN " + verdict->bad_row + " THEN " + data::quote_literal(label) +
                    " END");
  }
  return "SELECT *, concat_ws('; ', " + data::join(cases, ", ") + ") AS _violations FROM " +
         relation + " WHERE " + any_of(verdicts) + " LIMIT " + std::to_string(limit);
}

/// The attempt's findings on the way to its outcome.
struct Findings {
  Validation validation;
  std::vector<const Verdict*> bad;
  std::int64_t bad_rows = 0;
  Json outputs = Json::object();
  std::vector<Effect> effects;
};

Status count_bad_rows(data::Session& session, const std::string& relation, Findings& findings) {
  findings.bad = condemning(findings.validation);
  if (findings.bad.empty()) return {};
  MR_TRY(const data::Table counted,
         session.query("SELECT count(*) AS n FROM " + relation + " WHERE " + any_of(findings.bad)));
  findings.bad_rows = counted.at(0, "n").as_int();
  return {};
}

Status publish_reports(OperatorContext& ctx, const std::string& input, Findings& findings) {
  const AttemptInfo& attempt = ctx.attempt();
  const Json meta = Json::object({{"input", input},
                                  {"run_id", attempt.run_id},
                                  {"task_id", attempt.task_id},
                                  {"rows", findings.validation.rows},
                                  {"bad_rows", findings.bad_rows}});
  MR_TRY(auto markdown,
         write_report(ctx,
                      validation_markdown(findings.validation,
                                          "Validation of " + input.substr(0, 12) + " (" +
                                              attempt.dag_id + ", " + attempt.task_id + ")",
                                          findings.bad_rows),
                      "report", {input}));
  MR_TRY(auto json, write_report(ctx, validation_json(findings.validation, meta).dump_pretty(),
                                 "report_json", {input}));
  findings.outputs.set("report", markdown.digest);
  findings.outputs.set("report_json", json.digest);
  findings.effects.emplace_back(std::move(markdown));
  findings.effects.emplace_back(std::move(json));
  return {};
}

Status publish_quarantine(OperatorContext& ctx, data::Session& session, const std::string& relation,
                          const std::string& input, long limit, Findings& findings) {
  findings.outputs.set("quarantine", Json());
  if (findings.bad_rows == 0) return {};
  MR_TRY(TableArtifact table,
         write_table(ctx, session, quarantine_select(findings.bad, relation, limit), "quarantine",
                     {input}));
  findings.outputs.set("quarantine", table.stored.digest);
  findings.effects.emplace_back(std::move(table.effect));
  return {};
}

/// Failed expectations of one severity as lines; "" if there are none.
std::string failure_lines(const Validation& validation, ExpectationSeverity severity) {
  std::vector<std::string> lines;
  for (const auto& verdict : validation.verdicts)
    if (!verdict.success && verdict.expectation.severity == severity)
      lines.push_back(failure_line(verdict));
  return data::join(lines, "\n");
}

/// "All 4 expectations hold; the table has 19 rows".
std::string summary(const Validation& validation) {
  const std::size_t all = validation.verdicts.size();
  const auto good = static_cast<std::size_t>(std::ranges::count_if(
      validation.verdicts, [](const Verdict& verdict) { return verdict.success; }));
  std::string text = "the expectation holds";
  if (good < all || all != 1)
    text = good < all ? std::to_string(good) + " of " + std::to_string(all) + " expectations hold"
                      : "all " + std::to_string(all) + " expectations hold";
  return text + "; the table has " + counted(validation.rows, "row");
}

void raise_alert(OperatorContext& ctx, Findings& findings, ExpectationSeverity severity,
                 std::string_view what) {
  const std::string lines = failure_lines(findings.validation, severity);
  if (lines.empty()) return;
  ctx.log(std::string(what) + "\n" + lines);
  findings.effects.emplace_back(
      RaiseAlert{std::string(to_string(severity)), std::string(what), lines, ctx.attempt().owner});
}

}  // namespace

Result<Outcome> Validate::run(OperatorContext& ctx) const {
  MR_TRY(const auto expectations_made, all_expectations(*this, ctx.attempt(), ctx.now()));
  MR_TRY(const StoredArtifact stored, ctx.artifacts().get(input));
  MR_TRY(data::Session session, open_session(ctx, {stored.path}));
  MR_TRY(const std::string relation, data::table_relation(session, stored.path));

  Findings findings;
  MR_TRY(findings.validation,
         evaluate(session, data::parquet_relation(stored.path), expectations_made));
  MR_CHECK(count_bad_rows(session, relation, findings));
  const std::int64_t rows = findings.validation.rows;
  const double bad_share =
      rows > 0 ? static_cast<double>(findings.bad_rows) / static_cast<double>(rows) : 0;
  const bool success = findings.validation.success();
  const bool cleaned = !success && on_error == "quarantine" &&
                       !fails_as_a_whole(findings.validation) && bad_share <= max_bad_share &&
                       findings.bad_rows < rows;

  findings.outputs.set("table", cleaned ? Json() : Json(input));
  findings.outputs.set("success", success);
  findings.outputs.set("rows", rows - (cleaned ? findings.bad_rows : 0));
  findings.outputs.set("bad_rows", findings.bad_rows);
  Json failed = Json::array();
  for (const auto& verdict : findings.validation.verdicts)
    if (!verdict.success) failed.push_back(failure_line(verdict));
  findings.outputs.set("failed_expectations", std::move(failed));
  MR_CHECK(publish_reports(ctx, input, findings));
  MR_CHECK(publish_quarantine(ctx, session, relation, input,
                              cleaned ? findings.bad_rows : max_quarantine_rows, findings));
  if (cleaned) {
    MR_TRY(TableArtifact clean,
           write_table(ctx, session,
                       "SELECT * FROM " + relation + " WHERE NOT " + any_of(findings.bad), "clean",
                       {input}));
    findings.outputs.set("table", clean.stored.digest);
    findings.effects.emplace_back(std::move(clean.effect));
  }

  const std::string where = ctx.attempt().dag_id + "." + ctx.attempt().task_id;
  raise_alert(ctx, findings, ExpectationSeverity::warning, "Data warnings in " + where);
  raise_alert(ctx, findings, ExpectationSeverity::error,
              (cleaned ? "Bad rows quarantined in " : "Data validation failed in ") + where);
  if (success || cleaned) {
    ctx.log(summary(findings.validation));
    return Outcome(Done{std::move(findings.outputs), std::move(findings.effects)});
  }
  const std::string lines = failure_lines(findings.validation, ExpectationSeverity::error);
  return Outcome(
      Fail{make_error(ErrorCode::data_invalid, "the data does not meet its contract: " + lines),
           std::move(findings.outputs), std::move(findings.effects)});
}

}  // namespace millrace
