// What the ranges() of a parameter struct are good for: checks and a record. Private to this
// module.
#pragma once

#include <string>
#include <tuple>
#include <type_traits>

#include "engine/base/json.h"

namespace millrace::ml {

namespace detail {

template <typename T>
std::string in_words(T value) {
  return std::is_floating_point_v<T> ? Json(static_cast<double>(value)).dump()
                                     : std::to_string(value);
}

template <typename Params, typename Range>
Status check_range(const Params& params, const Range& range) {
  const auto value = params.*range.field;
  if (value >= range.low && value <= range.high) return {};  // NaN is in no range
  return invalid_argument("parameter '" + std::string(range.name) + "' is " + in_words(value) +
                          "; it must be between " + in_words(range.low) + " and " +
                          in_words(range.high));
}

}  // namespace detail

/// The first parameter out of its range, as an error.
template <typename Params>
Status check_params(const Params& params) {
  Status status;
  std::apply(
      [&](const auto&... range) {
        ((status = status.ok() ? detail::check_range(params, range) : std::move(status)), ...);
      },
      Params::ranges());
  return status;
}

template <typename Params>
Json params_to_json(const Params& params) {
  Json out = Json::object();
  std::apply([&](const auto&... range) { (out.set(range.name, params.*range.field), ...); },
             Params::ranges());
  return out;
}

}  // namespace millrace::ml
