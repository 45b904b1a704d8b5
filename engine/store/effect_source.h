// Where an effect comes from: what its row tells next to the effect itself.
#pragma once

#include <cstdint>
#include <string>

#include "engine/base/id.h"
#include "engine/base/time.h"
#include "engine/core/names.h"

namespace millrace {

struct EffectSource {
  std::int64_t seq = 0;  // of the event that carries it
  Uuid run;              // nil: asked for from outside
  std::string task;      // "": asked for from outside
  int map_index = -1;
  Time at{};
  std::string actor;
  std::string on_behalf_of;
  std::string namespace_{kDefaultNamespace};  // of all names in the effect
};

}  // namespace millrace
