#include "engine/core/teardown.h"

#include "engine/base/json_list.h"

namespace millrace {

Json to_json(const Teardown& teardown) {
  Json out = Json::object({{"setups", json_list(teardown.setups)}});
  if (teardown.fail_run) out.set("fail_run", true);
  return out;
}

Teardown teardown_from(const Json& json) {
  return {strings_in(json["setups"]), json["fail_run"].as_bool(false)};
}

}  // namespace millrace
