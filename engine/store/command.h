// Commands on their way to the planner, as rows of the inbox. Their bodies: engine/core/commands.h.
#pragma once

#include <string>
#include <utility>

#include "engine/base/record_json.h"
#include "engine/core/commands.h"
#include "engine/store/rows.h"

namespace millrace {

/// A command of which only the id, the time and, if there is one, the key are still to be set.
template <Kinded T>
Command make_command(const T& input, Caller caller) {
  Command command;
  command.kind = T::kind;
  command.body = body_json(input);
  command.namespace_ = std::move(caller.namespace_);
  command.origin = std::move(caller.origin);
  return command;
}

/// What the engine answered to a T.
template <Kinded T>
Result<typename T::Answer> answer_to(const Json& answer) {
  return read_record<typename T::Answer>(answer);
}

}  // namespace millrace
