// Error as JSON: {code, message, where?, transient, permanent?, out_of_memory?, exit_code?,
// signal?, retry_after_ms?}.
#pragma once

#include "engine/base/error.h"
#include "engine/base/json.h"
#include "engine/base/record_json.h"

namespace millrace {

Json to_json(const Error& error);
/// An unknown code reads as `internal`.
Error error_from_json(const Json& json);

template <>
struct JsonForm<Error> {
  static Json write(const Error& error) { return to_json(error); }
  static bool read(const Json& json, Error& to, std::string&) {
    to = error_from_json(json);
    return true;
  }
};

}  // namespace millrace
