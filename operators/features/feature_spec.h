// The declaration of features, decoded.
//
//   features:
//     hour:        {expression: "hour(date)"}
//     origin_mean: {aggregate: mean, of: delay, window: 7d, by: [origin], delay: 1d}
//     origin_late: {aggregate: rate, of: "delay > 15", window: 28d, by: [origin], delay: 1d}
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/base/json.h"
#include "engine/base/result.h"
#include "engine/data/session.h"
#include "operators/features/past_window.h"

namespace millrace {

struct FeatureSpec {
  std::string name;
  std::string expression;  // of the row itself; "": an aggregate over the past
  std::string of;          // what is aggregated; "": rows are counted
  std::vector<std::string> by;
  PastWindow window;

  bool is_aggregate() const { return expression.empty(); }
};

/// `by` defaults to the entity. The error lists everything that is wrong.
Result<std::vector<FeatureSpec>> parse_features(const Json& features,
                                                const std::vector<std::string>& entity);

/// Refuses what would let an expression see other rows or another moment: subqueries, window
/// functions, random(), now() and their kind. Gives the columns that it reads.
Result<std::vector<std::string>> check_row_expression(data::Session& session,
                                                      std::string_view expression,
                                                      std::string_view what);

}  // namespace millrace
