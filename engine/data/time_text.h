// Texts of dates and times, read strictly: a text is of a form as a whole, or it is not.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"

namespace millrace::data {

struct TimeParts {
  int year = 1970;
  int month = 1;
  int day = 1;
  std::int64_t micros_of_day = 0;
  bool has_time = false;
  bool has_offset = false;
  int offset_minutes = 0;     // east of UTC
  bool below_micros = false;  // a fraction finer than microseconds, which no timestamp here holds

  bool valid_date() const;
  std::int64_t days() const;    // since 1970
  std::int64_t micros() const;  // since 1970, in UTC if there is an offset
};

/// ISO 8601 and RFC 3339: "2024-03-04", "2024/03/04", "2024-03-04T05:06[:07[.123456]]" with a T or
/// a space, and with "Z", "+02:00", "+0200", "+02" or " UTC", or none of them.
bool parse_iso_time(std::string_view text, TimeParts& out);

/// "03/04/2024", "3.4.2024" or "03-04-2024", with a time or without: `first` and `second` are day
/// and month in an order that the text alone does not tell.
struct DayMonth {
  int first = 0;
  int second = 0;
  TimeParts rest;  // without day and month
  bool possible(bool day_first) const;
  TimeParts parts(bool day_first) const;
};
bool parse_day_month(std::string_view text, DayMonth& out);

/// A format in the words of strptime: %Y %y %m %d %e %j %b %B %H %I %M %S %f %p %z %Z(UTC) %T %F %D
/// %R
/// %%.
class TimeFormat {
 public:
  /// invalid_argument names what is not known in it.
  static Result<TimeFormat> of(std::string text);
  bool parse(std::string_view text, TimeParts& out) const;
  const std::string& text() const { return text_; }
  bool has_time() const { return has_time_; }
  bool has_offset() const { return has_offset_; }
  /// Whether numbers alone fit it ("%Y%m%d"): then a column of integers is no proof of dates.
  bool only_digits() const { return only_digits_; }

 private:
  std::string text_;
  std::string expanded_;
  bool has_time_ = false;
  bool has_offset_ = false;
  bool only_digits_ = true;
};

}  // namespace millrace::data
