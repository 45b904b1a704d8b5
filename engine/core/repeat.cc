#include "engine/core/repeat.h"

#include "engine/base/duration.h"
#include "engine/base/fields.h"

namespace millrace {

Json to_json(const RepeatPolicy& policy) {
  return Json::object({{"until", policy.until},
                       {"max", policy.max},
                       {"delay", format_duration(policy.delay)},
                       {"on_max", name_of(policy.on_max)}});
}

Result<RepeatPolicy> repeat_policy_from(const Json& json) {
  RepeatPolicy out;
  if (json.is_null()) return out;
  out.until = json["until"].as_string();
  out.max = static_cast<int>(json["max"].as_int());
  MR_TRY(out.delay, parse_duration(json["delay"].as_view()));
  out.on_max = from_name<OnMax>(json["on_max"].as_view()).value_or(OnMax::fail);
  return out;
}

}  // namespace millrace
