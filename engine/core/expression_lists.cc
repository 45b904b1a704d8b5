// range(), zip(), flatten() and unique(): lists of expressions.
#include <algorithm>
#include <cmath>
#include <unordered_set>

#include "engine/core/expression.h"
#include "engine/core/expression_functions.h"
#include "engine/core/expression_node.h"
#include "engine/core/expression_value.h"

namespace millrace::expr {
namespace {

Error not_a_list(std::string_view function, const Json& value) {
  return invalid_argument(std::string(function) + ": expected a list, not " +
                          std::string(type_name(value.type())));
}

/// A whole number, also as text, as `foreach` and outputs of programs give it.
Result<std::int64_t> whole_number(const Json& value) {
  if (value.type() == Json::Type::integer) return value.as_int();
  const double number = value.is_null() ? std::nan("") : to_number(value);
  if (!(std::abs(number) <= 9e15) || number != std::floor(number))
    return invalid_argument("range: expected whole numbers, not " +
                            (value.is_string() || value.is_number()
                                 ? "'" + to_text(value).substr(0, 64) + "'"
                                 : std::string(type_name(value.type()))));
  return static_cast<std::int64_t>(number);
}

void flatten_into(Json& out, const Json& list, std::int64_t levels) {
  for (const auto& item : list.items()) {
    if (item.is_array() && levels > 0)
      flatten_into(out, item, levels - 1);
    else
      out.push_back(item);
  }
}

/// Equal for equal values: 1 and 1.0, mappings in any order of their members.
std::string key_of(const Json& value) {
  if (value.is_number()) return to_text(value);
  std::vector<std::string> parts;
  for (const auto& item : value.items()) parts.push_back(key_of(item));
  for (const auto& [name, member] : value.members())
    parts.push_back(Json(name).dump() + ":" + key_of(member));
  if (value.is_object()) std::ranges::sort(parts);
  if (!value.is_array() && !value.is_object()) return value.dump();
  std::string out = value.is_array() ? "[" : "{";
  for (const auto& part : parts) out += part + ",";
  return out;
}

}  // namespace

Result<Json> call_range(const Scope&, Arguments a) {
  std::int64_t from = 0;
  std::int64_t step = 1;
  MR_TRY(std::int64_t to, whole_number(*a[0]));
  if (a.size() > 1) {
    from = to;
    MR_TRY(to, whole_number(*a[1]));
  }
  if (a.size() > 2) {
    MR_TRY(step, whole_number(*a[2]));
  }
  if (step == 0) return invalid_argument("range: the step must not be 0");
  // In doubles, which do not overflow; exact where the count is small enough to be allowed.
  const double distance =
      (static_cast<double>(to) - static_cast<double>(from)) / static_cast<double>(step);
  if (distance > static_cast<double>(kMostItems))
    return make_error(ErrorCode::resource_exhausted,
                      "range: more than " + std::to_string(kMostItems) + " items");
  Json out = Json::array();
  for (std::int64_t value = from; step > 0 ? value < to : value > to;) {
    out.push_back(value);
    if (__builtin_add_overflow(value, step, &value)) break;
  }
  return out;
}

Result<Json> call_zip(const Scope&, Arguments a) {
  for (const Json* list : a) {
    if (!list->is_array()) return not_a_list("zip", *list);
    if (list->size() != a[0]->size())
      return invalid_argument("zip: the lists have " + std::to_string(a[0]->size()) + " and " +
                              std::to_string(list->size()) + " items; they must be equally long");
  }
  Json out = Json::array();
  for (std::size_t i = 0; i < a[0]->size(); ++i) {
    Json row = Json::array();
    for (const Json* list : a) row.push_back(list->at(i));
    out.push_back(std::move(row));
  }
  return out;
}

Result<Json> call_flatten(const Scope&, Arguments a) {
  if (!a[0]->is_array()) return not_a_list("flatten", *a[0]);
  std::int64_t levels = kMaxDepth;
  if (a.size() > 1) {
    if (a[1]->type() != Json::Type::integer || a[1]->as_int() < 0)
      return invalid_argument("flatten: the number of levels must be an integer of at least 0");
    levels = std::min<std::int64_t>(levels, a[1]->as_int());
  }
  Json out = Json::array();
  flatten_into(out, *a[0], levels);
  return out;
}

Result<Json> call_unique(const Scope&, Arguments a) {
  if (!a[0]->is_array()) return not_a_list("unique", *a[0]);
  std::unordered_set<std::string> seen;
  Json out = Json::array();
  for (const auto& item : a[0]->items())
    if (seen.insert(key_of(item)).second) out.push_back(item);
  return out;
}

}  // namespace millrace::expr
