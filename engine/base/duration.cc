#include "engine/base/duration.h"

#include <array>
#include <cstdint>

namespace millrace {
namespace {

struct Unit {
  std::string_view suffix;
  std::int64_t micros;
};
constexpr std::array<Unit, 7> kUnits = {{{"w", 604'800'000'000},
                                         {"d", 86'400'000'000},
                                         {"h", 3'600'000'000},
                                         {"m", 60'000'000},
                                         {"s", 1'000'000},
                                         {"ms", 1'000},
                                         {"us", 1}}};
constexpr std::int64_t kLongest = 100 * 365 * 86'400'000'000;

const Unit* find_unit(std::string_view suffix) {
  for (const auto& unit : kUnits)
    if (unit.suffix == suffix) return &unit;
  return nullptr;
}

bool is_digit(char c) { return c >= '0' && c <= '9'; }

}  // namespace

Result<Duration> parse_duration(std::string_view text) {
  const auto bad = [&](std::string_view why) {
    return invalid_argument("'" + std::string(text.substr(0, 64)) + "' is not a duration" +
                            std::string(why) + "; write it as 250ms, 30s, 5m, 2h, 1d or 1h30m");
  };
  std::int64_t total = 0;
  std::size_t i = 0;
  if (text.empty()) return bad("");
  while (i < text.size()) {
    if (!is_digit(text[i])) return bad("");
    std::int64_t whole = 0;
    double fraction = 0, scale = 1;
    for (; i < text.size() && is_digit(text[i]); ++i) {
      whole = whole * 10 + (text[i] - '0');
      if (whole > kLongest) return bad(" (longer than 100 years)");
    }
    if (i < text.size() && text[i] == '.')
      for (++i; i < text.size() && is_digit(text[i]); ++i)
        fraction += (text[i] - '0') * (scale /= 10);
    const std::size_t start = i;
    while (i < text.size() && !is_digit(text[i]) && text[i] != '.') ++i;
    const Unit* unit = find_unit(text.substr(start, i - start));
    if (unit == nullptr) return bad(start == i ? " (the unit is missing)" : "");
    if (whole > kLongest / unit->micros) return bad(" (longer than 100 years)");
    total += whole * unit->micros +
             static_cast<std::int64_t>(fraction * static_cast<double>(unit->micros) + 0.5);
    if (total > kLongest) return bad(" (longer than 100 years)");
  }
  return Duration{total};
}

std::string format_duration(Duration duration) {
  std::int64_t rest = duration.count();
  if (rest == 0) return "0s";
  std::string out;
  if (rest < 0) {
    out = "-";
    rest = -rest;
  }
  for (const auto& unit : kUnits) {
    if (unit.suffix == "w" || rest < unit.micros) continue;
    out += std::to_string(rest / unit.micros) + std::string(unit.suffix);
    rest %= unit.micros;
  }
  return out;
}

}  // namespace millrace
