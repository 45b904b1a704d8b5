#include "engine/core/child_run.h"

#include "engine/base/record_json.h"

namespace millrace {

std::optional<ParentTask> parent_of(RunType type, const Json& trigger) {
  if (type != RunType::child) return std::nullopt;
  auto parent = read_record<ParentTask>(trigger);
  return parent ? std::optional(*std::move(parent)) : std::nullopt;
}

}  // namespace millrace
