#include "engine/core/expression_functions.h"

#include <algorithm>
#include <array>
#include <cmath>

#include "engine/base/upper_case.h"
#include "engine/core/expression_node.h"
#include "engine/core/expression_value.h"

namespace millrace::expr {
namespace {

Error too_long() {
  return make_error(ErrorCode::resource_exhausted,
                    "the text made is longer than " + std::to_string(kMaxOutput) + " bytes");
}

Result<Json> bounded(std::string text) {
  if (text.size() > kMaxOutput) return too_long();
  return Json(std::move(text));
}

Result<Json> call_contains(const Scope&, Arguments a) {
  if (a[0]->is_array())
    return Json(
        std::ranges::any_of(a[0]->items(), [&](const Json& item) { return equal(item, *a[1]); }));
  const std::string text = upper_case(to_text(*a[0]));
  return Json(text.find(upper_case(to_text(*a[1]))) != std::string::npos);
}

Result<Json> call_starts_with(const Scope&, Arguments a) {
  return Json(upper_case(to_text(*a[0])).starts_with(upper_case(to_text(*a[1]))));
}

Result<Json> call_ends_with(const Scope&, Arguments a) {
  return Json(upper_case(to_text(*a[0])).ends_with(upper_case(to_text(*a[1]))));
}

/// Reads "{3}" at `i` of `text`, which stands on the brace, and moves `i` behind it; -1 if
/// malformed.
int take_placeholder(std::string_view text, std::size_t& i) {
  int index = 0;
  std::size_t k = i + 1;
  for (; k < text.size() && text[k] >= '0' && text[k] <= '9' && index < 1000; ++k)
    index = index * 10 + (text[k] - '0');
  if (k == i + 1 || k >= text.size() || text[k] != '}') return -1;
  i = k + 1;
  return index;
}

Result<Json> call_format(const Scope&, Arguments a) {
  const std::string pattern = to_text(*a[0]);
  std::string out;
  for (std::size_t i = 0; i < pattern.size();) {
    const char c = pattern[i];
    if ((c == '{' || c == '}') && i + 1 < pattern.size() && pattern[i + 1] == c) {
      out += c;
      i += 2;
    } else if (c == '{') {
      const int index = take_placeholder(pattern, i);
      if (index < 0)
        return invalid_argument(
            "format: a '{' must open a placeholder such as {0}; write '{{' for a brace");
      if (static_cast<std::size_t>(index) + 1 >= a.size())
        return invalid_argument("format: there is no argument {" + std::to_string(index) + "}; " +
                                std::to_string(a.size() - 1) + " given");
      out += to_text(*a[static_cast<std::size_t>(index) + 1]);
    } else if (c == '}') {
      return invalid_argument("format: a '}' without its '{'; write '}}' for a brace");
    } else {
      out += c;
      ++i;
    }
    if (out.size() > kMaxOutput) return too_long();
  }
  return Json(std::move(out));
}

Result<Json> call_join(const Scope&, Arguments a) {
  const std::string separator = a.size() > 1 ? to_text(*a[1]) : ",";
  if (!a[0]->is_array()) return bounded(to_text(*a[0]));
  std::string out;
  bool first = true;
  for (const auto& item : a[0]->items()) {
    if (!first) out += separator;
    first = false;
    out += to_text(item);
    if (out.size() > kMaxOutput) return too_long();
  }
  return Json(std::move(out));
}

Result<Json> call_to_json(const Scope&, Arguments a) { return bounded(to_json_text(*a[0])); }

Result<Json> call_from_json(const Scope&, Arguments a) {
  auto value = Json::parse(to_text(*a[0]),
                           {.max_bytes = kMaxOutput, .max_depth = kMaxDepth, .unique_names = true});
  if (!value) return invalid_argument("fromJSON: " + value.error().message);
  return value;
}

/// One word of a POSIX shell that stands for `text` as it is.
std::string quoted(std::string_view text) {
  std::string out = "'";
  for (const char c : text) {
    if (c == '\'')
      out += "'\\''";
    else
      out += c;
  }
  return out += '\'';
}

/// Of a list: its items, each a word of its own.
Result<Json> call_quote(const Scope&, Arguments a) {
  std::string out;
  const auto add = [&](const Json& value) -> Status {
    const std::string text = to_text(value);
    if (text.find('\0') != std::string::npos)
      return invalid_argument("quote: no argument of a program can hold a NUL byte");
    out += (out.empty() ? "" : " ") + quoted(text);
    return out.size() > kMaxOutput ? Status(too_long()) : Status();
  };
  if (!a[0]->is_array()) MR_CHECK(add(*a[0]));
  for (const auto& item : a[0]->items()) MR_CHECK(add(item));
  return Json(std::move(out));
}

Result<Json> call_success(const Scope& scope, Arguments) { return Json(scope.success); }
Result<Json> call_failure(const Scope& scope, Arguments) { return Json(scope.failure); }
Result<Json> call_always(const Scope&, Arguments) { return Json(true); }
Result<Json> call_cancelled(const Scope& scope, Arguments) { return Json(scope.cancelled); }

Result<Json> call_default(const Scope&, Arguments a) { return a[0]->is_null() ? *a[1] : *a[0]; }

Result<Json> call_length(const Scope&, Arguments a) {
  if (a[0]->is_array() || a[0]->is_object()) return Json(a[0]->size());
  if (a[0]->is_null()) return Json(0);
  if (!a[0]->is_string())
    return invalid_argument("length: expected a string, a list or a mapping, not " +
                            std::string(type_name(a[0]->type())));
  const auto starts_character = [](char c) { return (c & 0xc0) != 0x80; };
  return Json(static_cast<long>(std::ranges::count_if(a[0]->as_view(), starts_character)));
}

/// The extreme of the arguments, or of the items if the only argument is a list.
Result<Json> extreme(std::string_view name, Arguments a, bool largest) {
  std::vector<const Json*> values(a.begin(), a.end());
  if (a.size() == 1 && a[0]->is_array()) {
    values.clear();
    for (const auto& item : a[0]->items()) values.push_back(&item);
  }
  const Json* best = nullptr;
  for (const Json* value : values) {
    const double number = to_number(*value);
    if (std::isnan(number) || value->is_null())
      return invalid_argument(std::string(name) + ": expected numbers, not " +
                              std::string(type_name(value->type())));
    if (best == nullptr || (largest ? number > to_number(*best) : number < to_number(*best)))
      best = value;
  }
  if (best == nullptr) return invalid_argument(std::string(name) + ": of an empty list");
  if (best->is_number()) return *best;
  const double number = to_number(*best);
  const bool integral = number == std::floor(number) && std::abs(number) < 9e15;
  return integral ? Json(static_cast<std::int64_t>(number)) : Json(number);
}

Result<Json> call_min(const Scope&, Arguments a) { return extreme("min", a, false); }
Result<Json> call_max(const Scope&, Arguments a) { return extreme("max", a, true); }

constexpr int kMany = 255;

constexpr auto kAnyType = std::nullopt;
constexpr auto kBoolean = Json::Type::boolean;
constexpr auto kInteger = Json::Type::integer;
constexpr auto kText = Json::Type::string;
constexpr auto kList = Json::Type::array;

constexpr std::array kFunctions = {
    // of GitHub Actions
    Function{"contains", 2, 2, false, call_contains, kBoolean},
    Function{"startsWith", 2, 2, false, call_starts_with, kBoolean},
    Function{"endsWith", 2, 2, false, call_ends_with, kBoolean},
    Function{"format", 1, kMany, false, call_format, kText},
    Function{"join", 1, 2, false, call_join, kText},
    Function{"toJSON", 1, 1, false, call_to_json, kText},
    Function{"fromJSON", 1, 1, false, call_from_json, kAnyType},
    Function{"case", 3, kMany, false, nullptr, kAnyType},
    Function{"success", 0, 0, true, call_success, kBoolean},
    Function{"failure", 0, 0, true, call_failure, kBoolean},
    Function{"always", 0, 0, true, call_always, kBoolean},
    Function{"cancelled", 0, 0, true, call_cancelled, kBoolean},
    // ours
    Function{"default", 2, 2, false, call_default, kAnyType},  // the second where the first is null
    Function{"length", 1, 1, false, call_length, kInteger},
    Function{"min", 1, kMany, false, call_min, Json::Type::number},
    Function{"max", 1, kMany, false, call_max, Json::Type::number},
    Function{"range", 1, 3, false, call_range, kList},
    Function{"zip", 2, kMany, false, call_zip, kList},
    Function{"flatten", 1, 2, false, call_flatten, kList},
    Function{"unique", 1, 1, false, call_unique, kList},
    Function{"date", 1, 3, false, call_date, kText},
    Function{"date_add", 2, 2, false, call_date_add, kText},
    Function{"quote", 1, 1, false, call_quote, kText},
};

}  // namespace

const Function* find_function(std::string_view name) {
  const std::string wanted = upper_case(name);
  for (const auto& function : kFunctions)
    if (upper_case(function.name) == wanted) return &function;
  return nullptr;
}

std::vector<std::string> function_names() {
  std::vector<std::string> names;
  for (const auto& function : kFunctions) names.emplace_back(function.name);
  return names;
}

}  // namespace millrace::expr
