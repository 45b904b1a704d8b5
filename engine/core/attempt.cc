#include "engine/core/attempt.h"

namespace millrace {

std::string AttemptInfo::idempotency_key() const {
  return run_id + "/" + task_id + "/" + std::to_string(map_index);
}

std::string AttemptInfo::name() const { return idempotency_key() + "/" + std::to_string(attempt); }

}  // namespace millrace
