// LabelledTable: a Parquet artifact read for learning or judging: features, labels, times.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/data/session.h"
#include "engine/ml/dataset.h"
#include "engine/op/context.h"

namespace millrace::operators {

struct TableColumns {
  std::string label;                  // "": none is read
  std::string timestamp;              // "": rows keep the order of the file
  std::vector<std::string> features;  // empty: every numeric column but the others named here
  std::vector<std::string> entity;    // keys: exact values that are no features
};

/// Rows by time, equal times in the order of the file. Rows without a label are left out.
struct LabelledTable {
  ml::Dataset data;
  std::vector<std::int64_t> micros;  // since 1970; empty without a timestamp
  std::size_t unlabelled = 0;        // rows left out
  /// Columns without a role that are no features because they hold no numbers: "carrier (VARCHAR)".
  /// Empty where the features are named.
  std::vector<std::string> left_out;
};

/// `input` is an artifact's digest. Errors name the column, and the nearest one that exists.
Result<LabelledTable> read_labelled(OperatorContext& ctx, std::string_view input,
                                    const TableColumns& columns);

/// data_invalid where a label does not fit: a binary one is 0 or 1, a number is finite. The error
/// names the column, some of the wrong values and the cure.
Status check_labels(std::string_view column, const std::vector<double>& labels,
                    ml::Objective objective);

/// The named columns as they are, in the order of the file. Text columns are refused by name.
Result<ml::Matrix> read_features(data::Session& session, const std::string& relation,
                                 const std::vector<std::string>& features);

/// Rows [first, last) whose time lies in [from, to). REQUIRES: micros is sorted.
struct RowRange {
  std::size_t first = 0, last = 0;
  std::size_t size() const { return last - first; }
};
RowRange rows_between(const std::vector<std::int64_t>& micros, Time from, Time to);

/// "" gives `other`.
Result<Time> time_or(std::string_view text, Time other);
inline constexpr Time kTimeMin = Time::min();
inline constexpr Time kTimeMax = Time::max();

}  // namespace millrace::operators
