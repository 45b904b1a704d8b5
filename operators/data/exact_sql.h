// Values of a suite compared with a column, exactly: neither side is rounded, and a time with an
// offset is the instant that it names.
//
// DuckDB would compare a BIGINT with a fraction as doubles, which are the same for 2^53 and
// 2^53 + 1, and would cut the offset off a text that is compared with a TIMESTAMP.
#pragma once

#include <string>
#include <string_view>

#include "engine/base/json.h"
#include "engine/base/result.h"

namespace millrace {

/// "(value >= bound)" for one of >=, >, <=, <; null where the value is null. `type` is DuckDB's
/// name of the type of `value`, which is an SQL expression. A number against text compares the
/// number that the text spells (null if it spells none). data_invalid if the bound cannot be
/// compared with the type, e.g. "yesterday" with a TIMESTAMP.
Result<std::string> compare_sql(const std::string& value, std::string_view type,
                                std::string_view op, const Json& bound);

/// "(a, b)": the members of `values` that the type can hold, as literals of it; "(NULL)" if it can
/// hold none. data_invalid for what is no value of the kind, e.g. "abc" for a number.
Result<std::string> set_literals(const Json& values, std::string_view type);

bool is_text_type(std::string_view type);
bool is_integer_type(std::string_view type);

}  // namespace millrace
