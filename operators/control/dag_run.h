// dag.run: starts a run of another DAG, and waits for its end without a slot.
#pragma once

#include "engine/op/catalog.h"

namespace millrace::operators {

struct DagRun {
  static constexpr std::string_view name = "dag.run";
  static constexpr std::string_view doc =
      "Starts a run of a DAG of the namespace and waits for its end, without a slot. Its outputs "
      "are those of the DAG.";
  static constexpr int version = 1;
  static constexpr std::string_view executor = kThreadExecutor;

  std::string dag, logical_date, on_failure;
  Json given = Json::object();
  bool wait = true;

  static auto params() {
    return std::tuple{
        param("dag", &DagRun::dag, "Id of the DAG").example("train_model"),
        param("params", &DagRun::given, "Values for the params of the DAG")
            .def(Json::object())
            .mapping()
            .example(Json::object({{"model", "flights"}})),
        param("logical_date", &DagRun::logical_date,
              "The date that the run stands for; without an offset, in the time zone of the DAG")
            .optional()
            .time(),
        param("wait", &DagRun::wait,
              "Wait for the end of the run; false: the task succeeds when the run is created")
            .def(true),
        param("on_failure", &DagRun::on_failure,
              "What happens if the run fails or is cancelled: the task fails, or succeeds with "
              "`state` as its output")
            .def("fail")
            .one_of({"fail", "ignore"})};
  }
  static std::vector<std::pair<std::string, std::string>> outputs() {
    return {{"run_id", "Id of the run"},
            {"state", "How the run ended: success, failed or cancelled; absent without `wait`"},
            {"*", "The outputs of the DAG"}};
  }
  Result<Outcome> run(OperatorContext& ctx) const;

 private:
  Outcome start() const;
  Outcome end(const Json& child) const;
};

}  // namespace millrace::operators
