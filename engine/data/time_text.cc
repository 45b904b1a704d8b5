#include "engine/data/time_text.h"

#include <algorithm>
#include <array>
#include <chrono>

namespace millrace::data {
namespace {

constexpr std::int64_t kSecond = 1'000'000;
constexpr std::int64_t kDay = 86'400 * kSecond;

bool decimal_digit(char c) { return c >= '0' && c <= '9'; }

bool take(std::string_view& text, char c) {
  if (text.empty() || text.front() != c) return false;
  text.remove_prefix(1);
  return true;
}

/// From `least` to `most` digits; false if there are fewer.
bool take_digits(std::string_view& text, std::size_t least, std::size_t most, int& out) {
  std::size_t count = 0;
  out = 0;
  while (count < most && count < text.size() && decimal_digit(text[count]))
    out = out * 10 + (text[count++] - '0');
  text.remove_prefix(count);
  return count >= least;
}

/// ".123456789": up to nine digits.
bool take_fraction(std::string_view& text, TimeParts& out) {
  std::int64_t nanos = 0;
  int count = 0;
  while (count < 9 && !text.empty() && decimal_digit(text.front())) {
    nanos = nanos * 10 + (text.front() - '0');
    text.remove_prefix(1);
    ++count;
  }
  if (count == 0) return false;
  for (; count < 9; ++count) nanos *= 10;
  out.micros_of_day += nanos / 1000;
  out.below_micros = nanos % 1000 != 0;
  return true;
}

/// "05:06[:07[.123]]"
bool take_clock(std::string_view& text, TimeParts& out) {
  int hour = 0;
  int minute = 0;
  int second = 0;
  if (!take_digits(text, 1, 2, hour) || hour > 23 || !take(text, ':')) return false;
  if (!take_digits(text, 2, 2, minute) || minute > 59) return false;
  out.has_time = true;
  out.micros_of_day = (hour * 3600 + minute * 60) * kSecond;
  if (!take(text, ':')) return true;
  if (!take_digits(text, 2, 2, second) || second > 59) return false;
  out.micros_of_day += second * kSecond;
  return !take(text, '.') || take_fraction(text, out);
}

/// "Z", "+02:00", "+0200", "+02", "UTC": at the end of a text.
bool take_offset(std::string_view& text, TimeParts& out) {
  out.has_offset = true;
  out.offset_minutes = 0;
  if (text == "Z" || text == "z" || text == "UTC" || text == "GMT") {
    text = {};
    return true;
  }
  const int sign = take(text, '+') ? 1 : take(text, '-') ? -1 : 0;
  int hour = 0;
  int minute = 0;
  if (sign == 0 || !take_digits(text, 2, 2, hour) || hour > 15) return false;
  if (!text.empty()) {
    take(text, ':');
    if (!take_digits(text, 2, 2, minute) || minute > 59) return false;
  }
  out.offset_minutes = sign * (hour * 60 + minute);
  return true;
}

/// The time and the offset that may follow a date.
bool take_rest(std::string_view text, TimeParts& out) {
  if (text.empty()) return true;
  if (!take(text, 'T') && !take(text, 't') && !take(text, ' ')) return false;
  if (!take_clock(text, out)) return false;
  if (text.empty()) return true;
  take(text, ' ');
  return take_offset(text, out) && text.empty();
}

constexpr std::array<std::string_view, 12> kMonths = {
    "january", "february", "march",     "april",   "may",      "june",
    "july",    "august",   "september", "october", "november", "december"};

bool starts_with_word(std::string_view text, std::string_view word) {
  if (text.size() < word.size()) return false;
  return std::ranges::equal(text.substr(0, word.size()), word,
                            [](char a, char b) { return (a | 0x20) == b; });
}

bool take_month_name(std::string_view& text, int& month) {
  for (std::size_t i = 0; i < kMonths.size(); ++i)
    for (const std::size_t length : {kMonths[i].size(), std::size_t{3}})
      if (starts_with_word(text, kMonths[i].substr(0, length))) {
        text.remove_prefix(length);
        month = static_cast<int>(i) + 1;
        return true;
      }
  return false;
}

/// What one conversion of a format leaves for the end, because it depends on others.
struct Pending {
  int hour = 0;
  int minute = 0;
  int second = 0;
  int half = -1;  // 0: AM, 1: PM
  int day_of_year = 0;
  bool twelve = false;
};

bool take_two(std::string_view& text, int least, int most, int& out) {
  return take_digits(text, 1, 2, out) && out >= least && out <= most;
}

bool take_date_field(char what, std::string_view& text, TimeParts& out, Pending& pending) {
  switch (what) {
    case 'Y':
      return take_digits(text, 4, 4, out.year);
    case 'y':
      // POSIX: 69 to 99 are of the 20th century, 00 to 68 of the 21st.
      if (!take_digits(text, 2, 2, out.year)) return false;
      out.year += out.year < 69 ? 2000 : 1900;
      return true;
    case 'm':
      return take_two(text, 1, 12, out.month);
    case 'b':
    case 'B':
      return take_month_name(text, out.month);
    case 'e':
      take(text, ' ');
      return take_two(text, 1, 31, out.day);
    case 'd':
      return take_two(text, 1, 31, out.day);
    default:  // 'j'
      return take_digits(text, 1, 3, pending.day_of_year) && pending.day_of_year >= 1 &&
             pending.day_of_year <= 366;
  }
}

bool take_time_field(char what, std::string_view& text, TimeParts& out, Pending& pending) {
  switch (what) {
    case 'H':
      return take_two(text, 0, 23, pending.hour);
    case 'I':
      pending.twelve = true;
      return take_two(text, 1, 12, pending.hour);
    case 'M':
      return take_two(text, 0, 59, pending.minute);
    case 'S':
      return take_two(text, 0, 59, pending.second);
    case 'f':
      return take_fraction(text, out);
    case 'p':
      if (starts_with_word(text, "am") || starts_with_word(text, "pm")) {
        pending.half = (text[0] | 0x20) == 'p' ? 1 : 0;
        text.remove_prefix(2);
        return true;
      }
      return false;
    default:  // 'z'
      break;
  }
  // An offset may stand before other text: take the longest that reads as one.
  for (const std::size_t length :
       {std::size_t{6}, std::size_t{5}, std::size_t{3}, std::size_t{1}}) {
    if (text.size() < length) continue;
    std::string_view part = text.substr(0, length);
    if (!take_offset(part, out) || !part.empty()) continue;
    text.remove_prefix(length);
    return true;
  }
  return false;
}

bool finish(TimeParts& out, const Pending& pending) {
  int hour = pending.hour;
  if (pending.twelve) {
    if (pending.half < 0) return false;
    hour = hour % 12 + 12 * pending.half;
  }
  out.micros_of_day += (hour * 3600 + pending.minute * 60 + pending.second) * kSecond;
  if (pending.day_of_year > 0) {
    using namespace std::chrono;
    const sys_days date = sys_days{year{out.year} / 1 / 1} + days{pending.day_of_year - 1};
    const year_month_day parts{date};
    if (static_cast<int>(parts.year()) != out.year) return false;
    out.month = static_cast<int>(static_cast<unsigned>(parts.month()));
    out.day = static_cast<int>(static_cast<unsigned>(parts.day()));
  }
  return out.valid_date();
}

}  // namespace

bool TimeParts::valid_date() const {
  using namespace std::chrono;
  return year >= 1 &&
         year_month_day{std::chrono::year{year}, std::chrono::month{static_cast<unsigned>(month)},
                        std::chrono::day{static_cast<unsigned>(day)}}
             .ok();
}

std::int64_t TimeParts::days() const {
  using namespace std::chrono;
  return sys_days{std::chrono::year{year} / std::chrono::month{static_cast<unsigned>(month)} /
                  std::chrono::day{static_cast<unsigned>(day)}}
      .time_since_epoch()
      .count();
}

std::int64_t TimeParts::micros() const {
  return days() * kDay + micros_of_day - std::int64_t{offset_minutes} * 60 * kSecond;
}

bool parse_iso_time(std::string_view text, TimeParts& out) {
  out = {};
  if (text.size() < 8 || text.size() > 40 || !take_digits(text, 4, 4, out.year)) return false;
  const char separator = text.empty() ? '\0' : text.front();
  if (separator != '-' && separator != '/') return false;
  text.remove_prefix(1);
  const std::size_t least = separator == '-' ? 2 : 1;
  if (!take_digits(text, least, 2, out.month) || !take(text, separator)) return false;
  if (!take_digits(text, least, 2, out.day) || !out.valid_date()) return false;
  return take_rest(text, out);
}

bool DayMonth::possible(bool day_first) const { return parts(day_first).valid_date(); }

TimeParts DayMonth::parts(bool day_first) const {
  TimeParts out = rest;
  out.day = day_first ? first : second;
  out.month = day_first ? second : first;
  return out;
}

bool parse_day_month(std::string_view text, DayMonth& out) {
  out = {};
  if (text.size() < 8 || text.size() > 40 || !take_digits(text, 1, 2, out.first)) return false;
  const char separator = text.empty() ? '\0' : text.front();
  if (separator != '/' && separator != '.' && separator != '-') return false;
  text.remove_prefix(1);
  if (!take_digits(text, 1, 2, out.second) || !take(text, separator)) return false;
  if (!take_digits(text, 4, 4, out.rest.year) || !take_rest(text, out.rest)) return false;
  return out.possible(true) || out.possible(false);
}

Result<TimeFormat> TimeFormat::of(std::string text) {
  TimeFormat format;
  format.text_ = text;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      format.expanded_ += text[i];
      if (!decimal_digit(text[i])) format.only_digits_ = false;
      continue;
    }
    const char what = i + 1 < text.size() ? text[++i] : '\0';
    if (what == 'T')
      format.expanded_ += "%H:%M:%S";
    else if (what == 'R')
      format.expanded_ += "%H:%M";
    else if (what == 'F')
      format.expanded_ += "%Y-%m-%d";
    else if (what == 'D')
      format.expanded_ += "%m/%d/%y";
    else if (std::string_view("YymdejbBHIMSfpz%").find(what) != std::string_view::npos &&
             what != '\0')
      format.expanded_ += std::string("%") + what;
    else
      return invalid_argument("the format '" + text + "' has '%" +
                              (what == '\0' ? std::string() : std::string(1, what)) +
                              "'; known are %Y %y %m %d %e %j %b %B %H %I %M %S %f %p %z %T %R %F "
                              "%D and %%");
    if (std::string_view("HIMSfpzTR").find(what) != std::string_view::npos) format.has_time_ = true;
    if (what == 'z') format.has_offset_ = true;
    if (std::string_view("TRFDbBpz%").find(what) != std::string_view::npos)
      format.only_digits_ = false;
  }
  const auto has = [&](std::string_view wanted) {
    return std::ranges::any_of(wanted, [&](char c) {
      return format.expanded_.find(std::string("%") + c) != std::string::npos;
    });
  };
  if (!has("Yy") || !(has("j") || (has("mbB") && has("de"))))
    return invalid_argument("the format '" + text +
                            "' names no whole date; write one such as %d/%m/%Y");
  return format;
}

bool TimeFormat::parse(std::string_view text, TimeParts& out) const {
  out = {};
  Pending pending;
  for (std::size_t i = 0; i < expanded_.size(); ++i) {
    if (expanded_[i] != '%') {
      if (!take(text, expanded_[i])) return false;
      continue;
    }
    const char what = expanded_[++i];
    if (what == '%') {
      if (!take(text, '%')) return false;
    } else if (std::string_view("YymdejbB").find(what) != std::string_view::npos) {
      if (!take_date_field(what, text, out, pending)) return false;
    } else if (!take_time_field(what, text, out, pending)) {
      return false;
    }
  }
  out.has_time = has_time_;
  return text.empty() && finish(out, pending);
}

}  // namespace millrace::data
