#include "engine/core/event.h"

#include <algorithm>
#include <array>

#include "engine/base/record_json.h"

namespace millrace {

bool JsonForm<TaskRef>::read(const Json& json, TaskRef& to, std::string& problem) {
  if (!json.is_array() || json.size() == 0 || !json.at(0).is_integer())
    return detail::refuse(json, "[task, map index]", problem);
  to = {static_cast<int>(json.at(0).as_int()), static_cast<int>(json.at(1).as_int(-1))};
  return true;
}

void Origin::upgrade(const Json& stored) {
  constexpr std::array<std::string_view, 5> kParts = {"engine", "schedule", "file", "model server",
                                                      "demo"};
  const Json* actor = stored.find("actor");
  if (actor == nullptr || !actor->is_string()) return;
  const std::string_view name = actor->as_view();
  const bool is_part = std::ranges::find(kParts, name) != kParts.end();
  principal.who = is_part ? name : kLocalPrincipal;
  if (!is_part && name != "api" && name != "cli") on_behalf_of = name;
}

std::string_view kind_of(const EventBody& body) {
  return std::visit([](const auto& e) { return e.kind; }, body);
}

void append_json(std::string& out, const EventBody& body) { append_record(out, body); }

Json to_json(const EventBody& body) { return record_json(body); }

Result<EventBody> event_from_json(const Json& json) { return read_record<EventBody>(json); }

const TaskRef* task_of(const EventBody& body) {
  return std::visit(
      [](const auto& e) -> const TaskRef* {
        if constexpr (requires { e.ref; })
          return &e.ref;
        else
          return nullptr;
      },
      body);
}

const std::vector<Effect>* effects_of(const EventBody& body) {
  return std::visit(
      [](const auto& e) -> const std::vector<Effect>* {
        if constexpr (requires { e.effects; })
          return &e.effects;
        else
          return nullptr;
      },
      body);
}

}  // namespace millrace
