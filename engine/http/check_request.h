// Validation of what clients send, by the declarations of an endpoint. Every problem is found, not
// only the first. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/base/record_schema.h"
#include "engine/http/problem.h"

namespace millrace::http {

/// What is wrong with `value`; "" if nothing. A record's fields and a list's items are judged too.
std::string mismatch(const TypeInfo& type, const Json& value);
/// Judges a body against its fields: unknown, missing, ill-typed. Fills in nothing.
std::vector<Problem::Item> check_body(const std::vector<FieldInfo>& fields, const Json& body);
/// The value of a query or path parameter's text.
Result<Json> parse_text(const TypeInfo& type, std::string_view text);

}  // namespace millrace::http
