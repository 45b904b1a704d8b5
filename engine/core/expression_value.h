// How values of expressions turn into each other and compare: the rules of GitHub Actions.
// Differences, on purpose (docs/expressions.md lists them): lists and mappings are equal when their
// contents are, and they turn into compact JSON, not into the words "Array" and "Object"; numbers
// keep all their digits.
#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/json.h"

namespace millrace::expr {

/// A number as JSON writes it, or hexadecimal (0xff) or octal (0o17); an integer where it is one
/// and fits 64 bits. nullopt for anything else.
std::optional<Json> parse_number(std::string_view text);

/// null is 0, true 1, "" 0, a numeric string its number; anything else NaN.
double to_number(const Json& value);
/// null is "". A number has the fewest digits that read back as the same number, without an
/// exponent from 1e-6 to below 1e21 (ECMAScript, Number::toString).
std::string to_text(const Json& value);

/// Of one type: by value, strings without regard to case. Of two: as numbers, and NaN equals
/// nothing.
bool equal(const Json& a, const Json& b);
/// `unordered` if one of them is neither a number nor turns into one.
std::partial_ordering compare(const Json& a, const Json& b);

/// The member of a mapping: of that name, or else the first that differs only in case; nullptr if
/// there is none.
const Json* find_member(const Json& mapping, std::string_view name);
/// JSON for people, with numbers as `to_text` writes them.
std::string to_json_text(const Json& value);

/// Values and characters in it: what a copy or a comparison costs.
std::size_t weight(const Json& value);

}  // namespace millrace::expr
