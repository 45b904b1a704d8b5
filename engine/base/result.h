// Result<T>: a value or an Error. Status: Result<void>.
//
//   Result<int> parse(std::string_view);
//   MR_TRY(int n, parse(text));   // declares n, or returns the error to our caller
//   MR_CHECK(store.append(b));    // returns the error, if any
#pragma once

#include <cassert>
#include <optional>
#include <utility>
#include <variant>

#include "engine/base/error.h"

namespace millrace {

template <typename T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  /// REQUIRES: ok()
  T& operator*() & { return std::get<0>(state_); }
  const T& operator*() const& { return std::get<0>(state_); }
  T&& operator*() && { return std::get<0>(std::move(state_)); }
  T* operator->() { return &std::get<0>(state_); }
  const T* operator->() const { return &std::get<0>(state_); }
  T value_or(T other) const& { return ok() ? std::get<0>(state_) : std::move(other); }

  /// REQUIRES: !ok()
  const Error& error() const& { return std::get<1>(state_); }
  Error&& error() && { return std::get<1>(std::move(state_)); }

 private:
  std::variant<T, Error> state_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : error_(std::move(error)) {}

  bool ok() const { return !error_.has_value(); }
  explicit operator bool() const { return ok(); }
  /// REQUIRES: !ok()
  const Error& error() const& {
    assert(error_);
    return *error_;
  }
  Error&& error() && {
    assert(error_);
    return std::move(*error_);
  }

 private:
  std::optional<Error> error_;
};

using Status = Result<void>;

}  // namespace millrace

#define MR_CONCAT_(a, b) a##b
#define MR_CONCAT(a, b) MR_CONCAT_(a, b)
#define MR_TRY_(declaration, expression, result) \
  auto result = (expression);                    \
  if (!result) return std::move(result).error(); \
  declaration = *std::move(result)
#define MR_TRY(declaration, ...) \
  MR_TRY_(declaration, (__VA_ARGS__), MR_CONCAT(mr_result_, __LINE__))
#define MR_CHECK(...)                                                                         \
  do {                                                                                        \
    if (auto mr_status = (__VA_ARGS__); !mr_status.ok()) return std::move(mr_status).error(); \
  } while (false)
