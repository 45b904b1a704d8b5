// deploy.rollback: a model's traffic goes back to what is known to be good.
#pragma once

#include "engine/op/catalog.h"

namespace millrace::operators {

struct DeployRollback {
  static constexpr std::string_view name = "deploy.rollback";
  static constexpr std::string_view doc =
      "Ends a canary that is under way, or else puts the last known good model back in the "
      "champion's place. With `artifact` it acts only while that model gets traffic.";
  static constexpr int version = 1;

  std::string model, artifact, reason;

  static auto params() {
    return std::tuple{
        param("model", &DeployRollback::model, "Name of the served model").id().example("flights"),
        param("artifact", &DeployRollback::artifact,
              "Act only while this model is the candidate or the champion")
            .def(""),
        param("reason", &DeployRollback::reason, "Why, for the record").def("asked for by a task")};
  }
  static std::vector<std::pair<std::string, std::string>> outputs() {
    return {{"rolled_back", "Whether anything had to change"},
            {"from", "The model that loses its traffic"},
            {"to", "The model that gets it"}};
  }
  Result<Outcome> run(OperatorContext& ctx) const;
};

}  // namespace millrace::operators
