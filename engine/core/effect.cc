#include "engine/core/effect.h"

#include "engine/base/record_json.h"

namespace millrace {

Status check_effect(const Effect& effect) {
  return std::visit([](const auto& e) { return check_record(e); }, effect);
}

Json to_json(const Effect& effect) { return record_json(effect); }

}  // namespace millrace
