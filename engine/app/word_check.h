// What the reading of a word finds wrong ends the reading of the command line, like a wrong number.
#pragma once

#include <CLI/Error.hpp>
#include <utility>

#include "engine/base/result.h"

namespace millrace {

template <typename T>
T value_or_refuse(Result<T> value) {
  if (!value) throw CLI::ValidationError(value.error().message);
  return *std::move(value);
}

}  // namespace millrace
