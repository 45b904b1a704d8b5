// What events of several families share: which task instance, who asked, and the kinds of runs.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "engine/base/record_json.h"

namespace millrace {

/// A task instance inside a run: the index of the task in its Dag, and the map index (-1: not
/// mapped, or a mapped task that has not been expanded).
struct TaskRef {
  int task = 0;
  int map_index = -1;
  friend auto operator<=>(const TaskRef&, const TaskRef&) = default;

  static constexpr auto fields() {
    return std::tuple{field("t", &TaskRef::task, "Index of the task"),
                      field("m", &TaskRef::map_index, "Index of the item").optional()};
  }
};

/// In a list: [task, map index].
template <>
struct JsonForm<TaskRef> {
  static Json write(const TaskRef& ref) { return Json::array({ref.task, ref.map_index}); }
  static bool read(const Json& json, TaskRef& to, std::string& problem);
};

enum class RunType { manual, scheduled, backfill, dataset, event, child };
constexpr std::array<std::string_view, 6> names_of(RunType) {
  return {"manual", "scheduled", "backfill", "dataset", "event", "child"};
}
/// `queued` is what a reader sees of a run that waits for `max_active_runs`; to the planner and in
/// events, an open run is `running`.
enum class RunStatus { queued, running, success, failed, cancelled };
constexpr std::array<std::string_view, 5> names_of(RunStatus) {
  return {"queued", "running", "success", "failed", "cancelled"};
}
constexpr bool is_open(RunStatus status) {
  return status == RunStatus::queued || status == RunStatus::running;
}
constexpr std::string_view title_of(RunType) { return "RunType"; }
constexpr std::string_view title_of(RunStatus) { return "RunStatus"; }
constexpr std::string_view to_string(RunType type) { return name_of(type); }
constexpr std::string_view to_string(RunStatus status) { return name_of(status); }

/// Who decided: a user, or a part of the engine ("engine", "schedule", "file", "model server").
/// Until access control is on, every request from outside is by `local`.
struct Principal {
  std::string who = "engine";
  std::string token = {};               // id of the token that proved it; "": none was needed
  std::vector<std::string> roles = {};  // that it had then

  static constexpr auto fields() {
    return std::tuple{
        field("who", &Principal::who, "A user, or a part of the engine").optional(),
        field("token", &Principal::token, "Id of the token that proved it; \"\": none").optional(),
        field("roles", &Principal::roles, "The roles that it had").optional()};
  }
};
inline constexpr std::string_view kLocalPrincipal = "local";

/// Who asked, and why. On every change.
struct Origin {
  static constexpr std::string_view record_name = "Origin";
  static constexpr std::string_view record_doc = "Who asked, and why.";
  Origin() = default;
  /// By a part of the engine, or by `local`.
  Origin(std::string_view who, std::string_view why) : reason(why) { principal.who = who; }

  Principal principal;
  std::string reason;
  /// For whom, as the client says: a note for people. Nothing checks it and nothing is decided by
  /// it.
  std::string on_behalf_of;

  static constexpr auto fields() {
    return std::tuple{field("", &Origin::principal, "Who asked"),
                      field("reason", &Origin::reason, "As they said").optional(),
                      field("on_behalf_of", &Origin::on_behalf_of,
                            "For whom, as the client says; nothing checks it")
                          .optional()};
  }
  /// Reads what was written before there were principals: an `actor`, which clients named
  /// themselves.
  void upgrade(const Json& stored);
};

}  // namespace millrace
