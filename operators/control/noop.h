// noop: does nothing; a join point, or a place to name values for tasks downstream.
#pragma once

#include "engine/op/catalog.h"

namespace millrace::operators {

struct Noop {
  static constexpr std::string_view name = "noop";
  static constexpr std::string_view doc =
      "Does nothing. Joins branches of a DAG, or hands values on as outputs.";
  static constexpr int version = 1;
  static constexpr std::string_view executor = kThreadExecutor;

  Json outputs_to_give = Json::object();

  static auto params() {
    return std::tuple{
        param("outputs", &Noop::outputs_to_give, "What tasks downstream see as outputs")
            .def(Json::object())
            .mapping()
            .example(Json::object({{"month", "2001-02"}}))};
  }
  static std::vector<std::pair<std::string, std::string>> outputs() {
    return {{"*", "Whatever the parameter `outputs` holds"}};
  }
  Result<Outcome> run(OperatorContext& ctx) const;
};

}  // namespace millrace::operators
