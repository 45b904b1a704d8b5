// Judging a table by expectations, in as few passes as possible: one for everything that is an
// aggregate, one for all row-level checks together, one for each question about distinct values.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/data/session.h"
#include "operators/data/expectation.h"

namespace millrace {

struct Verdict {
  Expectation expectation;
  bool success = false;
  /// As in Great Expectations: element_count, unexpected_count, partial_unexpected_list, … for row
  /// checks, observed_value for the others; details where something needs a word.
  Json result = Json::object();
  /// Of a row check that failed: the SQL predicate that is true for its unexpected rows.
  std::string bad_row;

  /// {success, severity, expectation_config: {type, kwargs}, result}
  Json to_json() const;
};

struct Validation {
  std::int64_t rows = 0;
  std::vector<Verdict> verdicts;  // in the order of the expectations

  /// Whether none of severity error failed.
  bool success() const;
};

/// `parquet` is a Parquet relation; a NaN in it is a null. `bad_row` is a predicate over its rows
/// after data::nan_as_null. An expectation that cannot be evaluated (a column that does
/// not exist or is of the wrong type, a bad regex) fails, with the reason in result.details.
Result<Validation> evaluate(data::Session& session, const std::string& parquet,
                            const std::vector<Expectation>& expectations);

}  // namespace millrace
