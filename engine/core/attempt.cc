#include "engine/core/attempt.h"

namespace millrace {

std::string AttemptInfo::idempotency_key() const {
  return run_id + "/" + task_id + "/" + std::to_string(map_index);
}

}  // namespace millrace
