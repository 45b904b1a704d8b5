// Text for SQL: names and values quoted, so that data can never become a statement.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/base/json.h"

namespace millrace::data {

/// A column or table name: `say "hi"` → "say ""hi""".
std::string quote_identifier(std::string_view name);
/// A string: O'Hare → 'O''Hare'.
std::string quote_literal(std::string_view text);
/// null, a boolean, a number or a string as a literal; lists as ['a', 'b']; objects as their text.
std::string literal(const Json& value);
/// "a, b, c", each quoted as an identifier.
std::string identifier_list(const std::vector<std::string>& names);
/// "an INTEGER", "a DOUBLE": a type in a sentence.
std::string with_article(std::string_view type);
/// Pieces put together with a separator.
std::string join(const std::vector<std::string>& pieces, std::string_view separator);

}  // namespace millrace::data
