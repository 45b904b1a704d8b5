// Has a model learnt from the rows that are to judge it? The training manifest names the table and
// the rows; the rows of the holdout are looked up among them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/op/context.h"

namespace millrace::operators {

/// What a model's training manifest says of the rows it learnt from.
struct TrainingRecord {
  std::string data, label, timestamp;
  std::vector<std::string> features;
  std::int64_t rows = 0;
  std::optional<Time> first, last;  // without a timestamp: the first `rows` rows with a label
};

/// not_found if the model is no registered version, or its manifest is gone.
Result<TrainingRecord> training_record(OperatorContext& ctx, const std::string& model,
                                       const std::string& artifact);

/// The rows that judge: those of `data` with a label, whose time lies in [from, to).
struct HoldoutRows {
  std::string data, label, timestamp;
  Time from, to;
};

struct Overlap {
  std::int64_t training_rows = 0;
  std::int64_t holdout_rows = 0;
  std::int64_t shared_rows = 0;  // rows of the holdout that training saw
  /// Of them, how many may be chance: where rows of the training table repeat each other (few
  /// features of few values), rows of a holdout repeat them as often.
  double by_chance = 0;

  /// Shared rows that chance does not explain.
  double excess() const;
};

/// Of one table, rows are compared by their place. Of two tables by the values of the model's
/// features, the label, and the time where both have it: the order and other columns do not count.
Result<Overlap> count_overlap(OperatorContext& ctx, const TrainingRecord& training,
                              const HoldoutRows& holdout);

}  // namespace millrace::operators
