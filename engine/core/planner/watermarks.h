// Watermarks: how far each dataset has been read. They never fall: a run for an older date and an
// instance of a mapped task that ends last read less than was read before.
//
// Not thread-safe: a value, owned by the planner.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/json.h"
#include "engine/base/result.h"
#include "engine/core/effect.h"
#include "engine/core/names.h"

namespace millrace {

/// What the values of a watermark are; only those of one type can be compared.
enum class WatermarkType { number, time, text };
/// A text that is a decimal number is a number, and one that begins with a date is a time: DECIMAL,
/// dates and timestamps are kept as texts.
WatermarkType watermark_type(const Json& value);
/// REQUIRES: both are of one type. Decimals are compared digit by digit, times by their UTC text,
/// other texts by their bytes.
bool is_below(const Json& a, const Json& b);

class Watermarks {
 public:
  void restore(const DatasetKey& dataset, Json value);
  /// The last values by dataset of the namespace, as an object; nullopt: of all its datasets. A
  /// named dataset without a watermark has null.
  Json of(const std::string& name_space,
          const std::optional<std::vector<std::string>>& datasets) const;
  /// data_invalid, with both values, for a value of another type than the last one.
  Status admit(const std::string& name_space, const std::vector<Effect>& effects) const;
  /// Takes out the watermarks that are below the last ones, and keeps the others.
  /// REQUIRES: admit(name_space, effects).
  void take(const std::string& name_space, std::vector<Effect>& effects);

 private:
  std::map<DatasetKey, Json> last_;
};

}  // namespace millrace
