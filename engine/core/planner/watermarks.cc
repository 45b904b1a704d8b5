#include "engine/core/planner/watermarks.h"

#include <algorithm>
#include <cstdlib>
#include <string_view>

namespace millrace {
namespace {

constexpr std::size_t kDateLength = 10;   // 2001-02-03
constexpr std::size_t kShownBytes = 100;  // of a value in an error

bool is_digit(char c) { return c >= '0' && c <= '9'; }

/// A decimal number in its parts, without zeros that change nothing.
struct Decimal {
  bool negative = false;
  std::string_view whole, fraction;
};

bool parse_decimal(std::string_view text, Decimal& out) {
  out.negative = text.starts_with('-');
  if (out.negative) text.remove_prefix(1);
  const auto point = text.find('.');
  out.whole = text.substr(0, point);
  out.fraction = point == std::string_view::npos ? std::string_view() : text.substr(point + 1);
  if (out.whole.empty() || (point != std::string_view::npos && out.fraction.empty())) return false;
  if (!std::ranges::all_of(out.whole, is_digit) || !std::ranges::all_of(out.fraction, is_digit))
    return false;
  while (out.whole.starts_with('0')) out.whole.remove_prefix(1);
  while (out.fraction.ends_with('0')) out.fraction.remove_suffix(1);
  if (out.whole.empty() && out.fraction.empty()) out.negative = false;
  return true;
}

bool is_smaller(const Decimal& a, const Decimal& b) {
  if (a.whole.size() != b.whole.size()) return a.whole.size() < b.whole.size();
  return a.whole != b.whole ? a.whole < b.whole : a.fraction < b.fraction;
}

bool is_below(const Decimal& a, const Decimal& b) {
  if (a.negative != b.negative) return a.negative;
  return a.negative ? is_smaller(b, a) : is_smaller(a, b);
}

bool is_below_as_number(const Json& a, const Json& b) {
  Decimal left, right;
  const std::string a_text = a.is_string() ? a.as_string() : a.dump();
  const std::string b_text = b.is_string() ? b.as_string() : b.dump();
  if (parse_decimal(a_text, left) && parse_decimal(b_text, right)) return is_below(left, right);
  return std::strtod(a_text.c_str(), nullptr) < std::strtod(b_text.c_str(), nullptr);  // 1e300
}

bool begins_with_date(std::string_view text) {
  if (text.size() < kDateLength) return false;
  for (std::size_t i = 0; i < kDateLength; ++i)
    if (i == 4 || i == 7 ? text[i] != '-' : !is_digit(text[i])) return false;
  return text.size() == kDateLength || text[kDateLength] == ' ' || text[kDateLength] == 'T';
}

/// "2001-02-03T04:05:06Z" as DuckDB writes it, without the offset of UTC.
std::string time_text(std::string_view text) {
  for (const std::string_view utc : {"Z", "+00:00", "+00"})
    if (text.size() > kDateLength && text.ends_with(utc)) {
      text.remove_suffix(utc.size());
      break;
    }
  std::string out(text);
  if (out.size() > kDateLength) out[kDateLength] = ' ';
  return out;
}

std::string_view noun_of(WatermarkType type) {
  switch (type) {
    case WatermarkType::number:
      return "a number";
    case WatermarkType::time:
      return "a date or time";
    case WatermarkType::text:
      return "a text";
  }
  return "a text";
}

std::string shown(const Json& value) {
  std::string text = value.dump();
  if (text.size() > kShownBytes) text = text.substr(0, kShownBytes) + "…";
  return text + " (" + std::string(noun_of(watermark_type(value))) + ")";
}

}  // namespace

WatermarkType watermark_type(const Json& value) {
  Decimal decimal;
  if (!value.is_string() || parse_decimal(value.as_view(), decimal)) return WatermarkType::number;
  return begins_with_date(value.as_view()) ? WatermarkType::time : WatermarkType::text;
}

bool is_below(const Json& a, const Json& b) {
  switch (watermark_type(a)) {
    case WatermarkType::number:
      return is_below_as_number(a, b);
    case WatermarkType::time:
      return time_text(a.as_view()) < time_text(b.as_view());
    case WatermarkType::text:
      break;
  }
  return a.as_view() < b.as_view();
}

void Watermarks::restore(const DatasetKey& dataset, Json value) {
  last_.insert_or_assign(dataset, std::move(value));
}

Json Watermarks::of(const std::string& name_space,
                    const std::optional<std::vector<std::string>>& datasets) const {
  Json out = Json::object();
  if (!datasets) {
    for (auto at = last_.lower_bound({name_space, ""});
         at != last_.end() && at->first.namespace_ == name_space; ++at)
      out.set(at->first.name, at->second);
    return out;
  }
  for (const std::string& dataset : *datasets) {
    const auto found = last_.find({name_space, dataset});
    out.set(dataset, found == last_.end() ? Json() : found->second);
  }
  return out;
}

Status Watermarks::admit(const std::string& name_space, const std::vector<Effect>& effects) const {
  std::map<std::string_view, const Json*> before;  // what an earlier effect of this list sets
  for (const Effect& effect : effects) {
    const auto* mark = std::get_if<SetWatermark>(&effect);
    if (mark == nullptr) continue;
    const auto found = last_.find({name_space, mark->dataset});
    const Json*& last =
        before.try_emplace(mark->dataset, found == last_.end() ? nullptr : &found->second)
            .first->second;
    if (last != nullptr && watermark_type(*last) != watermark_type(mark->value))
      return data_invalid("the watermark of dataset '" + mark->dataset + "' is " + shown(*last) +
                          ", and cannot become " + shown(mark->value) +
                          "; name a column of the same type in watermark, or another dataset");
    last = &mark->value;
  }
  return {};
}

void Watermarks::take(const std::string& name_space, std::vector<Effect>& effects) {
  std::erase_if(effects, [&](const Effect& effect) {
    const auto* mark = std::get_if<SetWatermark>(&effect);
    if (mark == nullptr) return false;
    const auto [last, is_first] = last_.try_emplace({name_space, mark->dataset}, mark->value);
    if (is_first) return false;
    if (is_below(mark->value, last->second)) return true;
    last->second = mark->value;
    return false;
  });
}

}  // namespace millrace
