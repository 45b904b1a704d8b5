#include "operators/data/validation_report.h"

#include <algorithm>

#include "engine/base/counted.h"
#include "engine/data/sql.h"
#include "operators/data/expectation_sql.h"
#include "operators/data/failure_text.h"

namespace millrace {
namespace {

/// As inline code in a table cell: no backtick, bar or line break survives.
std::string code(const std::string& text) {
  std::string out = shorten(text);
  for (char& c : out)
    if (c == '`' || c == '|' || static_cast<unsigned char>(c) < 0x20) c = ' ';
  return "`" + out + "`";
}

std::string subject(const Expectation& e) {
  const std::string columns = data::join(columns_of(e), ", ");
  return columns.empty() ? "table" : columns;
}

/// The kwargs but the columns, as text.
std::string conditions(const Expectation& e) {
  Json rest = Json::object();
  for (const auto& [name, value] : e.kwargs.members())
    if (name != "column" && name != "column_A" && name != "column_B" &&
        !(name == "column_list" && e.type != "expect_table_columns_to_match_ordered_list"))
      rest.set(name, value);
  if (e.mostly < 1) rest.set("mostly", e.mostly);
  if (!e.row_condition.empty()) rest.set("row_condition", e.row_condition);
  return rest.size() == 0 ? "" : rest.dump();
}

std::size_t successes(const Validation& validation) {
  return static_cast<std::size_t>(std::ranges::count_if(
      validation.verdicts, [](const Verdict& verdict) { return verdict.success; }));
}

}  // namespace

Json validation_json(const Validation& validation, const Json& meta) {
  const std::size_t all = validation.verdicts.size();
  const std::size_t good = successes(validation);
  Json results = Json::array();
  for (const auto& verdict : validation.verdicts) results.push_back(verdict.to_json());
  return Json::object(
      {{"success", validation.success()},
       {"statistics",
        Json::object(
            {{"evaluated_expectations", all},
             {"successful_expectations", good},
             {"unsuccessful_expectations", all - good},
             {"success_percent", all == 0 ? Json() : Json(100.0 * double(good) / double(all))}})},
       {"results", std::move(results)},
       {"meta", meta}});
}

std::string failure_line(const Verdict& verdict) {
  const Expectation& e = verdict.expectation;
  std::string line = requirement_text(e) + ": " + finding_text(verdict);
  if (const Json& listed = verdict.result["partial_unexpected_list"]; listed.size() > 0)
    line += ", e.g. " + shorten(listed.at(0).dump());
  line += cure_text(verdict);
  // An expectation of the contract is known by its column; one of a list is not.
  if (e.source.starts_with("expectations[")) line += " (" + e.source + ")";
  return line;
}

std::string validation_markdown(const Validation& validation, std::string_view title,
                                std::int64_t bad_rows) {
  std::string out = "# " + std::string(title) + "\n\n";
  out += std::string(validation.success() ? "**Passed.** " : "**Failed.** ") +
         std::to_string(successes(validation)) + " of " +
         std::to_string(validation.verdicts.size()) + " expectations hold. The table has " +
         counted(validation.rows, "row") + "; " + counted(bad_rows, "row") +
         (bad_rows == 1 ? " breaks" : " break") + " one that failed with severity error.\n\n";
  out +=
      "| | severity | column | expectation | condition | observed |\n|---|---|---|---|---|---|\n";
  for (const auto& verdict : validation.verdicts) {
    const std::string rest = conditions(verdict.expectation);
    out += std::string(verdict.success ? "| ok | " : "| **failed** | ") +
           std::string(to_string(verdict.expectation.severity)) + " | " +
           code(subject(verdict.expectation)) + " | " + verdict.expectation.type + " | " +
           (rest.empty() ? "" : code(rest)) + " | " + code(finding_text(verdict)) + " |\n";
  }
  for (const auto& verdict : validation.verdicts) {
    const Json& listed = verdict.result["partial_unexpected_list"];
    if (verdict.success || listed.size() == 0) continue;
    out += "\n## " + code(subject(verdict.expectation)) + " " + verdict.expectation.type +
           "\n\nFirst unexpected values:\n\n";
    for (const auto& value : listed.items()) out += "- " + code(value.dump()) + "\n";
  }
  return out;
}

}  // namespace millrace
