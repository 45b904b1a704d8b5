// deploy.canary: shifts traffic to a new model step by step, and back at once when it misbehaves.
//
//   begin ─► step 1 ─► step 2 ─► … ─► promoted
//              │          │
//              └──────────┴─────────► rolled back (the task fails, with the evidence)
//
// Between looks it is deferred and holds no slot; its position is its checkpoint. All changes of
// traffic are effects, committed together with that checkpoint.
#pragma once

#include "engine/op/catalog.h"
#include "operators/deploy/guardrails.h"

namespace millrace::operators {

struct DeployCanary {
  static constexpr std::string_view name = "deploy.canary";
  static constexpr std::string_view doc =
      "Shifts traffic to a model step by step, watching errors, latency and a business metric "
      "against the champion's. The candidate must be a registered version of the model that loads "
      "and has the champion's features and objective. A breach sends all traffic back at once and "
      "fails the task with the evidence. What cannot be judged yet extends the step; when all "
      "steps have passed, the model is promoted. Without a champion it is promoted directly. "
      "However the task ends, the candidate keeps no traffic unless it was promoted.";
  static constexpr int version = 2;

  std::string model, candidate;
  Json steps;
  Duration interval{}, max_wait{};
  std::string on_no_traffic;
  double max_error_rate = 0, max_latency_ratio = 0, latency_slack_ms = 0, max_business_drop = 0;
  double alpha = 0;
  long min_requests = 0, min_outcomes = 0;
  bool allow_signature_change = false;

  static auto params() {
    using C = DeployCanary;
    return std::tuple{
        param("model", &C::model, "Name of the served model").id().example("flights"),
        param("candidate", &C::candidate, "Digest of the new model")
            .example("${{ tasks.evaluate.outputs.challenger }}"),
        param("steps", &C::steps,
              "Growing shares of traffic, in percent, and how long each is held; 100 promotes")
            .def(Json::array({Json::object({{"weight", 5}, {"hold", "5m"}}),
                              Json::object({{"weight", 25}, {"hold", "10m"}}),
                              Json::object({{"weight", 100}})})),
        param("interval", &C::interval, "Time between two looks while a step is held").def("15s"),
        param("min_requests", &C::min_requests,
              "Requests that candidate and baseline must each have answered in a step")
            .def(100)
            .min(1),
        param("min_outcomes", &C::min_outcomes,
              "Reported outcomes that the candidate must have in a step. While the business metric "
              "is looked at, candidate and baseline need at least 30 each")
            .def(0)
            .min(0),
        param(
            "max_wait", &C::max_wait,
            "How much longer a step is held while something cannot be judged: too few requests or "
            "outcomes, no baseline")
            .def("30m"),
        param(
            "on_no_traffic", &C::on_no_traffic,
            "What happens when something cannot be judged even then: fail takes the traffic back; "
            "promote goes on, and the report and an alert say what was not judged")
            .def("fail")
            .one_of({"fail", "promote"}),
        param("max_error_rate", &C::max_error_rate, "Largest share of failed requests")
            .def(0.02)
            .range(0, 1),
        param("max_latency_ratio", &C::max_latency_ratio,
              "Largest ratio of the 95th percentiles of latency, candidate to baseline")
            .def(1.5)
            .min(1),
        param("latency_slack_ms", &C::latency_slack_ms,
              "Milliseconds that are allowed on top of the ratio")
            .def(2.0)
            .min(0),
        param("max_business_drop", &C::max_business_drop,
              "Largest drop of the business metric, as a share of the baseline's mean; -1: not "
              "looked at, for models whose outcomes are not reported")
            .def(0.05)
            .range(-1, 1),
        param("allow_signature_change", &C::allow_signature_change,
              "Accept a candidate with other features or another objective than the champion's")
            .def(false),
        param("alpha", &C::alpha,
              "Chance, over all looks, to take back a model that is as good as the baseline")
            .def(0.01)
            .range(1e-9, 0.5)};
  }
  static std::vector<std::pair<std::string, std::string>> outputs() {
    return {{"decision", "\"promoted\" or \"rolled_back\""},
            {"reason", "Why"},
            {"champion", "The champion before"},
            {"candidate", "The new model"},
            {"steps", "What was seen at the end of each step"},
            {"not_judged", "What could not be judged, one text for each; empty: everything was"}};
  }
  Result<Outcome> run(OperatorContext& ctx) const;
};

}  // namespace millrace::operators
