// sensor.run: waits for a run of another DAG.
#pragma once

#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "engine/op/catalog.h"
#include "engine/op/query.h"
#include "operators/sensors/sensor.h"

namespace millrace::operators {

struct SensorRun : SensorOptions {
  static constexpr std::string_view name = "sensor.run";
  static constexpr std::string_view doc =
      "Waits until the run of a DAG of the namespace for a logical date has ended, and holds no "
      "slot while it waits. It looks as soon as such a run ends. If the date has several runs, the "
      "newest one counts.";
  static constexpr int version = 1;

  std::string dag, logical_date, on_failed;
  std::vector<std::string> states;

  static auto params() {
    using S = SensorRun;
    return std::tuple_cat(
        std::tuple{
            param("dag", &S::dag, "Id of the DAG").example("daily_sales"),
            param("logical_date", &S::logical_date,
                  "The logical date of the run (RFC 3339), by default that of this run; without an "
                  "offset, in UTC")
                .def("")
                .time()
                .example("${{ run.data_interval_start }}"),
            param("states", &S::states, "How the run may have ended")
                .def(Json::array({"success"}))
                .one_of({"success", "failed", "cancelled"}),
            param("on_failed", &S::on_failed,
                  "If the run has ended in another state: the task fails at once, or waits until "
                  "the run is repeated or the date has another run")
                .def("fail")
                .one_of({"fail", "wait"})},
        sensor_params());
  }
  static std::vector<std::pair<std::string, std::string>> outputs() {
    return sensor_outputs({{"run_id", "Id of the run"},
                           {"state", "How it ended: success, failed or cancelled"},
                           {"outputs", "The outputs of its DAG; empty if it has none"}});
  }
  Result<Outcome> run(OperatorContext& ctx) const;

 private:
  Result<Time> date_of(const AttemptInfo& attempt) const;
  Look judged(const RunOfDateQuery::Answer& answer) const;
};

}  // namespace millrace::operators
