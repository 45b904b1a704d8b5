#include "operators/control/dag_run.h"

namespace millrace::operators {

/// The first call starts the run. The second finds in its checkpoint how the run ended.
Result<Outcome> DagRun::run(OperatorContext& ctx) const {
  const Json& child = ctx.attempt().checkpoint["child"];
  return child.is_null() ? start() : end(child);
}

Outcome DagRun::start() const {
  const StartRun start{.dag = dag, .params = given, .logical_date = logical_date, .wait = wait};
  if (!wait) return Done{Json::object(), {start}};
  Defer until_its_end;
  until_its_end.effects.emplace_back(start);
  until_its_end.waiting_for = "the end of a run of DAG '" + dag + "'";
  return until_its_end;
}

Outcome DagRun::end(const Json& child) const {
  const std::string run = child["run"].as_string(), state = child["state"].as_string();
  Json outputs = Json::object();
  for (const auto& [output, value] : child["outputs"].members()) outputs.set(output, value);
  outputs.set("run_id", run).set("state", state);
  if (state == "success" || on_failure == "ignore") return Done{std::move(outputs), {}};
  std::string message = "run " + run + " of DAG '" + dag + "' ";
  message += state == "cancelled" ? "was cancelled" : "failed";
  if (const std::string why = child["error"].as_string(); !why.empty()) message += ": " + why;
  return Fail{make_error(ErrorCode::data_invalid, std::move(message)), std::move(outputs), {}};
}

}  // namespace millrace::operators
