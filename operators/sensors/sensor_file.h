// sensor.file: waits for files.
#pragma once

#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>

#include "engine/op/catalog.h"
#include "operators/data/file_pattern.h"
#include "operators/sensors/sensor.h"

namespace millrace::operators {

struct SensorFile : SensorOptions {
  static constexpr std::string_view name = "sensor.file";
  static constexpr std::string_view doc =
      "Waits until files exist, and holds no slot while it waits. A file that is still being "
      "written "
      "does not count if `stable_for` is set.";
  static constexpr int version = 1;

  std::string path, newer_than;
  long min_bytes = 0, min_files = 0;
  Duration stable_for{};

  static auto params() {
    using S = SensorFile;
    return std::tuple_cat(
        std::tuple{
            param(
                "path", &S::path,
                "File, or pattern with * ? [ ], relative to the DAG file's folder; folders do not "
                "count")
                .checked_by(check_file_pattern)
                .example("incoming/sales-*.csv"),
            param("min_files", &S::min_files, "Number of files that must be there")
                .def(1)
                .range(1, 10'000),
            param("min_bytes", &S::min_bytes, "A smaller file does not count").def(0).min(0),
            param("newer_than", &S::newer_than,
                  "A file that was not modified after this date or time (RFC 3339) does not count")
                .def("")
                .time()
                .example("${{ run.data_interval_start }}"),
            param(
                "stable_for", &S::stable_for,
                "For how long the looks must see the same files, with the same sizes and times of "
                "modification; 0s: one look is enough")
                .def("0s")
                .example("10s")},
        sensor_params());
  }
  static std::vector<std::pair<std::string, std::string>> outputs() {
    return sensor_outputs({{"paths", "Absolute paths of the files, sorted"},
                           {"files", "The same with path, bytes and modified (RFC 3339) of each"},
                           {"count", "Number of the files"},
                           {"bytes", "Their sizes, added up"}});
  }
  Result<Outcome> run(OperatorContext& ctx) const;

 private:
  Result<Look> look(const OperatorContext& ctx, const Json& memory) const;
};

}  // namespace millrace::operators
