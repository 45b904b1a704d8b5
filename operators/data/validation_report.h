// A validation, for people (Markdown) and for programs (JSON as Great Expectations writes it).
#pragma once

#include <string>
#include <string_view>

#include "engine/base/json.h"
#include "operators/data/validation.h"

namespace millrace {

/// {success, statistics: {evaluated_expectations, …}, results: […], meta}
Json validation_json(const Validation& validation, const Json& meta);

/// Values of the data are shown as code: they cannot act as markup.
std::string validation_markdown(const Validation& validation, std::string_view title,
                                std::int64_t bad_rows);

/// One sentence on a failed verdict: "column 'delay' must be at most 2000: 12 of 3000 rows
/// (0.4 %), e.g. 9999".
std::string failure_line(const Verdict& verdict);

}  // namespace millrace
