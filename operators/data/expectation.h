// Expectation: one thing that data should fulfil, named and shaped as Great Expectations does
// (docs.greatexpectations.io, "Expectation gallery"), so that suites and habits carry over.
//
//   {type: expect_column_values_to_be_between, kwargs: {column: delay, min_value: -60},
//    mostly: 0.99, row_condition: "origin <> 'XXX'", severity: warning}
//
// kwargs may also be members next to type. row_condition is a DuckDB boolean expression.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/base/json.h"
#include "engine/base/result.h"

namespace millrace {

enum class ExpectationSeverity { error, warning, info };
std::string_view to_string(ExpectationSeverity severity);

inline constexpr int kMostListedValues = 20;

struct Expectation {
  std::string type;
  Json kwargs = Json::object();
  double mostly = 1;
  std::string row_condition;
  ExpectationSeverity severity = ExpectationSeverity::error;
  bool boolean_only = false;            // result_format BOOLEAN_ONLY: success and nothing else
  int most_listed = kMostListedValues;  // unexpected values shown
  std::string source;  // where it is declared: "expectations[2]", "contract.columns.delay"

  /// The kwarg as text; "" if absent.
  std::string text(std::string_view kwarg) const { return kwargs[kwarg].as_string(); }
};

/// How an expectation is judged.
enum class ExpectationKind {
  schema,  // by the columns and types alone
  rows,    // row by row: unexpected rows are counted, `mostly` applies
  column,  // by one number or set computed over the rows
};

struct ExpectationType {
  std::string_view name;
  ExpectationKind kind;
  std::vector<std::string_view> required;
  std::vector<std::string_view> allowed;  // besides required
};
/// nullptr if the type is not known.
const ExpectationType* find_expectation_type(std::string_view name);
std::vector<std::string> expectation_type_names();

/// Decodes a list, or the list of a suite {expectations: […]} of Great Expectations; the error
/// lists everything that is wrong in it: unknown types and kwargs, missing ones, values of the
/// wrong kind.
Result<std::vector<Expectation>> parse_expectations(const Json& list);

}  // namespace millrace
