// Events about shared state and commands, not about a DAG, run or task.
#pragma once

#include <string_view>
#include <tuple>
#include <vector>

#include "engine/base/id.h"
#include "engine/base/json.h"
#include "engine/core/effect.h"
#include "engine/core/events/common.h"
#include "engine/core/names.h"

namespace millrace {

struct EffectsRequested {
  static constexpr std::string_view kind = "effects_requested";
  static constexpr std::string_view record_doc =
      "A person or the model server changed shared state, outside any task.";
  std::vector<Effect> effects;
  Origin origin;
  std::string namespace_{kDefaultNamespace};  // of the models and datasets that they name

  static constexpr auto fields() {
    return std::tuple{
        field("effects", &EffectsRequested::effects, "Committed with this event").optional(),
        field("origin", &EffectsRequested::origin, "Who asked, and why").optional(),
        field("namespace", &EffectsRequested::namespace_, "Where the names in the effects belong")
            .optional()};
  }
};

struct CommandHandled {
  static constexpr std::string_view kind = "command_handled";
  static constexpr std::string_view record_doc =
      "A command of the inbox was executed or refused; `result` is the answer to its sender.";
  Uuid command;
  bool ok = true;
  Json result;

  static constexpr auto fields() {
    return std::tuple{
        field("command", &CommandHandled::command, "Its id"),
        field("ok", &CommandHandled::ok, "False: refused"),
        field("result", &CommandHandled::result, "The answer, or the error").optional()};
  }
};

}  // namespace millrace
