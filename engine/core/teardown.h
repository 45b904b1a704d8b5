// Teardown: the part of a task that cleans up after others, its setups.
#pragma once

#include <string>
#include <vector>

#include "engine/base/json.h"

namespace millrace {

struct Teardown {
  std::vector<std::string> setups;  // task ids; each is one of the task's `needs` as well
  bool fail_run = false;            // its failure fails the run
  bool is_set() const { return !setups.empty(); }
  friend bool operator==(const Teardown&, const Teardown&) = default;
};

/// Part of the canonical form of a DAG.
Json to_json(const Teardown& teardown);
Teardown teardown_from(const Json& json);

}  // namespace millrace
