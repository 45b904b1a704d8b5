// Problem: an error as REST clients get it, RFC 9457 (application/problem+json).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/base/error.h"
#include "engine/base/json.h"
#include "engine/http/message.h"

namespace millrace::http {

inline constexpr std::string_view kProblemType = "application/problem+json";

struct Problem {
  /// One thing wrong with the request. `pointer` is a JSON pointer into the body, or "?name" for a
  /// query parameter,
  /// "{name}" for a part of the path, or a header's name.
  struct Item {
    std::string pointer;
    std::string detail;
  };
  int status = 500;
  std::string code =
      "internal";  // a name of ErrorTraits; the type is "urn:millrace:problem:<code>"
  std::string detail;
  std::vector<Item> errors;

  /// Status by the code's traits. The message of an `internal` error is not shown.
  static Problem of(const Error& error);
  static Problem invalid(std::vector<Item> errors);
  static Problem make(int status, std::string_view code, std::string detail);
};

/// The field's name without the syntax of its place: "{run}" and "?wait" are "run" and "wait",
/// "/params/months" is "params.months".
std::string field_name(std::string_view pointer);

Json to_json(const Problem& problem, const HttpRequest& request);
HttpResponse respond(const Problem& problem, const HttpRequest& request);

}  // namespace millrace::http
