#include "operators/sensors/sensor_run.h"

#include <algorithm>

namespace millrace::operators {

Result<Time> SensorRun::date_of(const AttemptInfo& attempt) const {
  if (!logical_date.empty()) return parse_rfc3339(logical_date);
  if (attempt.has_interval) return attempt.logical_date;
  return invalid_argument(
      "this run has no logical date; set 'logical_date' to that of the run to wait for");
}

Look SensorRun::judged(const RunOfDateQuery::Answer& answer) const {
  Look look;
  if (answer.run.empty()) {
    look.says = answer.dag_exists ? "there is no run of this date yet"
                                  : "there is no DAG '" + dag + "' in the namespace";
    return look;
  }
  look.says = "run " + answer.run + " is " + answer.state;
  if (answer.state == "queued" || answer.state == "running") return look;
  look.outputs =
      Json::object({{"run_id", answer.run},
                    {"state", answer.state},
                    {"outputs", answer.outputs.is_object() ? answer.outputs : Json::object()}});
  if (std::ranges::find(states, answer.state) != states.end())
    look.answer = Look::Answer::found;
  else if (on_failed == "fail")
    look.answer = Look::Answer::never;
  return look;
}

Result<Outcome> SensorRun::run(OperatorContext& ctx) const {
  if (states.empty()) return invalid_argument("parameter 'states' is empty");
  MR_TRY(const Time date, date_of(ctx.attempt()));
  return run_sensor(
      ctx, *this, "the run of DAG '" + dag + "' for " + format_rfc3339(date),
      [&](const Json&) -> Result<Look> {
        MR_TRY(const auto answer, ctx.query(RunOfDateQuery{dag, date}));
        if (answer.run == ctx.attempt().run_id)
          return invalid_argument("the newest run of DAG '" + dag + "' for " +
                                  format_rfc3339(date) + " is this run; it cannot wait for itself");
        return judged(answer);
      },
      "run/" + dag + "/" + format_rfc3339(date));
}

}  // namespace millrace::operators
