// SQL that a user wrote into a parameter, and errors that speak of it instead of the statement
// around it: the parameter, the text, what is wrong, and what there is instead.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/base/json.h"
#include "engine/base/result.h"
#include "engine/data/session.h"

namespace millrace::data {

/// DuckDB's error message about a text, without what only the author of a statement around it
/// needs.
std::string plain_reason(std::string_view message, const std::vector<std::string>& columns);

/// DuckDB's error about the expression, in the words of the reader:
/// "where 'nope > 1': there is no column 'nope'; did you mean 'note'?; the columns are …".
/// Errors of other kinds (cancelled, memory) come back as they are.
Error explain_expression_error(Error error, std::string_view what, std::string_view text,
                               const std::vector<std::string>& columns);

/// Checks that the text is one scalar expression of the relation's row, without aggregates, and
/// gives its syntax tree. `what` names the parameter in the error: "where", "feature 'age'". No row
/// is read.
Result<Json> check_expression(Session& session, std::string_view what, std::string_view text,
                              const std::string& relation);

}  // namespace millrace::data
