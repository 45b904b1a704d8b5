// Report: what a bench measured, as a table for people and as records for programs.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/result.h"

namespace millrace::bench {

/// One figure. `floor` is what the machine itself gave in the same run; `ratio` is value / floor.
struct Record {
  std::string bench;   // the family: "core"
  std::string metric;  // "core.chain_step_ms"
  double value = 0;
  std::string unit;  // "ms", "1/s"
  std::optional<double> floor;
  std::string goal;  // as docs/performance.md states it; "" for the floors themselves
  bool reached = true;

  std::optional<double> ratio() const;
};

/// REQUIRES: samples is not empty.
double median(std::vector<double> samples);
/// The smallest sample that at least `share` of all do not exceed; 0 < share <= 1.
double quantile(std::vector<double> samples, double share);

/// Not thread-safe.
class Report {
 public:
  /// Prints the record's line at once: a bench takes a while.
  void add(Record record);
  /// [{bench, metric, value, unit, floor, ratio}]; floor and ratio are null where there is none.
  Status write_json(const std::filesystem::path& path) const;

 private:
  std::vector<Record> records_;
};

}  // namespace millrace::bench
