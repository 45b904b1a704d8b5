// What the reading of a word finds wrong ends the reading of the command line, like a wrong number.
#pragma once

#include <CLI/Error.hpp>
#include <CLI/Validators.hpp>
#include <string>
#include <utility>

#include "engine/base/result.h"

namespace millrace {

template <typename T>
T value_or_refuse(Result<T> value) {
  if (!value) throw CLI::ValidationError(value.error().message);
  return *std::move(value);
}

/// For words that come from a shell variable, which may not be set.
inline CLI::Validator not_empty() {
  return CLI::Validator(
      [](const std::string& text) { return std::string(text.empty() ? "the value is empty" : ""); },
      "");
}

}  // namespace millrace
