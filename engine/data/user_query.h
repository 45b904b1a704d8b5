// A whole query that a user wrote: one SELECT over named relations, which can read nothing else.
//
// The session is what keeps files, network and settings out of reach. The checks here refuse them
// before anything runs, with the place in the text.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "engine/data/session.h"

namespace millrace::data {

/// What is wrong with a query, and where in its text, in bytes, if that is known.
struct QueryProblem {
  Error error;
  std::optional<std::size_t> offset;
};

/// Checks that the text is one SELECT that reads tables by plain names and calls no function that
/// reads anything else. Needs no relations.
std::optional<QueryProblem> check_query_text(Session& session, std::string_view text);

/// Checks the text against the relations of the session with these names, which are views or
/// tables; getvariable('x') reads one of `variables`: DuckDB gives a null for any other. Gives the
/// statement without the semicolon at its end: it can be put between parentheses if a line break
/// follows. The columns of the result have different names, and types that a Parquet file holds
/// exactly. `what` names the text in errors. REQUIRES: a session with places.
Result<std::string> check_query(Session& session, std::string_view what, std::string_view text,
                                const std::vector<std::string>& relations,
                                const std::vector<std::string>& variables = {});

/// The error of a statement that holds the query, placed and in the words of its reader.
Error explain_query_error(Session& session, Error error, std::string_view what,
                          std::string_view text, const std::vector<std::string>& relations);

}  // namespace millrace::data
