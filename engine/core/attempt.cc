#include "engine/core/attempt.h"

namespace millrace {

namespace {

std::string instance_name(const AttemptInfo& info) {
  return info.run_id + "/" + info.task_id + "/" + std::to_string(info.map_index);
}

}  // namespace

std::string AttemptInfo::idempotency_key() const {
  return instance_name(*this) + (iteration > 1 ? "/" + std::to_string(iteration) : "");
}

std::string AttemptInfo::name() const {
  return instance_name(*this) + "/" + std::to_string(attempt);
}

}  // namespace millrace
