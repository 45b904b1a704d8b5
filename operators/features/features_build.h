// features.build: declared features from past data only.
#pragma once

#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "engine/core/outcome.h"
#include "engine/op/context.h"
#include "engine/op/param.h"

namespace millrace {

struct FeaturesBuild {
  static constexpr std::string_view name = "features.build";
  static constexpr std::string_view doc =
      "Compute declared features, point in time: an aggregate of a row sees only rows strictly "
      "before the row's time less the delay after which data is known. One output row for each "
      "input row, in order.";
  static constexpr int version = 1;

  std::string input;
  std::string timestamp;
  std::vector<std::string> entity;
  std::string label;
  Json features;
  std::string from;
  std::string to;
  double sample = 1;
  long seed = 0;

  static auto params() {
    return std::tuple{
        param("input", &FeaturesBuild::input, "Digest of the table artifact")
            .example("${{ tasks.validate.outputs.table }}"),
        param("timestamp", &FeaturesBuild::timestamp, "Column with the time of a row")
            .example("date"),
        param("entity", &FeaturesBuild::entity, "Columns that name what a row is about")
            .optional()
            .example(Json::array({"origin", "destination"})),
        param("label", &FeaturesBuild::label,
              "DuckDB expression of what is to be learnt; becomes the column label")
            .def("")
            .example("delay > 15"),
        param("features", &FeaturesBuild::features,
              "Name to {expression} of the row itself, or to {aggregate: count, mean, rate, sum, "
              "min, max, stddev or last, of, window, by, delay} over its past")
            .example(Json::object({{"hour", Json::object({{"expression", "hour(date)"}})},
                                   {"origin_mean", Json::object({{"aggregate", "mean"},
                                                                 {"of", "delay"},
                                                                 {"window", "7d"},
                                                                 {"by", Json::array({"origin"})},
                                                                 {"delay", "1d"}})}})),
        param("from", &FeaturesBuild::from,
              "Give only rows from this time on (inclusive); earlier ones still count as past")
            .def("")
            .example("2001-02-01"),
        param("to", &FeaturesBuild::to, "Give only rows before this time").def(""),
        param("sample", &FeaturesBuild::sample,
              "Share of rows to give, chosen by a hash of entity and time; all count as past. The "
              "same row is in every sample of the same seed")
            .def(1.0)
            .range(0, 1),
        param("seed", &FeaturesBuild::seed, "Another seed gives another sample").def(0)};
  }
  static std::vector<std::pair<std::string, std::string>> outputs() {
    return {{"table", "digest of the Parquet artifact: entity, time, label, features"},
            {"rows", "number of rows"},
            {"columns", "names of the columns"},
            {"features", "names of the features"},
            {"label", "name of the label's column; null without one"},
            {"timestamp", "name of the time column"},
            {"bytes", "size of the artifact"},
            {"statistics", "nulls, min, max and mean of each column"}};
  }
  Result<Outcome> run(OperatorContext& ctx) const;
};

}  // namespace millrace
