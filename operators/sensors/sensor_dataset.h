// sensor.dataset: waits for an update of a dataset.
#pragma once

#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "engine/op/catalog.h"
#include "operators/sensors/sensor.h"

namespace millrace::operators {

struct SensorDataset : SensorOptions {
  static constexpr std::string_view name = "sensor.dataset";
  static constexpr std::string_view doc =
      "Waits until a dataset of the namespace has been updated, and holds no slot while it waits. "
      "It looks as soon as the dataset is updated.";
  static constexpr int version = 1;

  std::string dataset, since;

  static auto params() {
    using S = SensorDataset;
    return std::tuple_cat(
        std::tuple{param("dataset", &S::dataset, "The dataset's name").example("orders"),
                   param("since", &S::since,
                         "An update at this date or time (RFC 3339) or later counts; by default at "
                         "the start of the data interval of this run, or for a run without one, at "
                         "the first look")
                       .def("")
                       .time()
                       .example("${{ run.logical_date }}")},
        sensor_params());
  }
  static std::vector<std::pair<std::string, std::string>> outputs() {
    return sensor_outputs({{"dataset", "The dataset's name"},
                           {"artifact", "Digest of its content"},
                           {"rows", "Its rows; -1 if unknown"},
                           {"updated_at", "When it was updated last (RFC 3339)"}});
  }
  Result<Outcome> run(OperatorContext& ctx) const;

 private:
  Result<Time> begin(const OperatorContext& ctx, const Json& memory) const;
  Result<Look> look(OperatorContext& ctx, const Json& memory) const;
};

}  // namespace millrace::operators
