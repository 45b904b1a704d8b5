// validate: a table against a contract and expectations; a halt, or a quarantine, where it fails.
#pragma once

#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "engine/core/outcome.h"
#include "engine/op/context.h"
#include "engine/op/param.h"

namespace millrace {

struct Validate {
  static constexpr std::string_view name = "validate";
  static constexpr std::string_view doc =
      "Check a table against a contract and expectations named after Great Expectations. A failed "
      "expectation of severity error halts the run and notifies the owner; bad rows go to a "
      "quarantine artifact.";
  static constexpr int version = 1;

  std::string input;
  Json contract;
  Json expectations;
  std::string on_error;
  double max_bad_share = 0;
  long max_quarantine_rows = 0;

  static auto params() {
    return std::tuple{
        param("input", &Validate::input, "Digest of the table artifact to check")
            .example("${{ tasks.ingest.outputs.table }}"),
        param("contract", &Validate::contract,
              "The contract: a mapping, or the path of a .yaml or .json file, relative to the DAG")
            .optional()
            .example("contracts/flights.yaml"),
        param("expectations", &Validate::expectations,
              "Further expectations: a list, a suite of Great Expectations, or the path of a .yaml "
              "or "
              ".json file, relative to the DAG")
            .optional()
            .example(Json::array(
                {Json::object({{"type", "expect_column_values_to_be_between"},
                               {"kwargs", Json::object({{"column", "delay"}, {"min_value", -120}})},
                               {"mostly", 0.99},
                               {"severity", "warning"}})})),
        param("on_error", &Validate::on_error,
              "What bad rows do: halt the run, or go to quarantine while the others pass on")
            .def("halt")
            .one_of({"halt", "quarantine"}),
        param("max_bad_share", &Validate::max_bad_share,
              "With quarantine: a larger share of bad rows still halts the run")
            .def(0.05)
            .range(0, 1),
        param("max_quarantine_rows", &Validate::max_quarantine_rows,
              "Maximum number of bad rows that are kept as evidence when the run halts")
            .def(100'000)
            .min(1)};
  }
  static std::vector<std::pair<std::string, std::string>> outputs() {
    return {{"table", "digest of the table to go on with: the input, or its clean rows"},
            {"success", "whether all expectations of severity error hold"},
            {"rows", "rows of that table"},
            {"bad_rows", "rows that break a failed expectation of severity error"},
            {"failed_expectations", "a line on each failed expectation"},
            {"report", "digest of the Markdown report"},
            {"report_json", "digest of the report as JSON"},
            {"quarantine", "digest of the bad rows, with the column _violations; null if none"}};
  }
  Result<Outcome> run(OperatorContext& ctx) const;
};

}  // namespace millrace
