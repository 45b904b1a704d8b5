// Uuid: 128 bits; version 7 (RFC 9562), so that ids sort by creation time and index pages stay
// warm.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "engine/base/clock.h"

namespace millrace {

struct Uuid {
  std::uint64_t high = 0;
  std::uint64_t low = 0;

  /// One alone; those of one millisecond are in no order. UuidSource keeps them in order.
  static Uuid v7(Time now, Rng& rng);
  /// 8-4-4-4-12 hex digits in either case, and nothing else (RFC 9562, section 4).
  static Result<Uuid> parse(std::string_view text);
  /// 36 characters, lower case.
  std::string to_string() const;
  bool is_nil() const { return high == 0 && low == 0; }

  friend auto operator<=>(const Uuid&, const Uuid&) = default;
};

/// Gives UUIDs of version 7 that sort in the order in which they were made, also within one
/// millisecond (RFC 9562, section 6.2, method 1: a counter of 26 bits that starts at random). A
/// clock that steps back a little does not change the order; after a larger step the ids follow the
/// clock. Not thread-safe: threads that share one lock around `next`.
class UuidSource {
 public:
  Uuid next(Time now, Rng& rng);

 private:
  std::int64_t millis_ = -1;
  std::uint64_t counter_ = 0;
};

/// A W3C trace id: 32 hex digits, never all zero.
std::string new_trace_id(Rng& rng);
/// A W3C span id: 16 hex digits, never all zero; the same for the same name.
std::string span_id_of(std::string_view name);

}  // namespace millrace

template <>
struct std::hash<millrace::Uuid> {
  std::size_t operator()(const millrace::Uuid& id) const noexcept {
    return static_cast<std::size_t>(id.high * 0x9e3779b97f4a7c15 ^ id.low);
  }
};
