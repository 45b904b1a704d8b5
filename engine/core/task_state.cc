#include "engine/core/task_state.h"

namespace millrace {
namespace {

constexpr std::array<std::string_view, kTaskStateCount> kStateNames = {
    "pending", "queued", "running", "deferred",        "up_for_retry",
    "success", "failed", "skipped", "upstream_failed", "cancelled"};

constexpr std::array<std::string_view, 9> kCauseNames = {"enqueue", "start",         "succeed",
                                                         "fail",    "fail_retry",    "defer",
                                                         "skip",    "upstream_fail", "cancel"};

}  // namespace

std::string_view to_string(TaskState state) { return kStateNames[static_cast<std::size_t>(state)]; }
std::string_view to_string(Cause cause) { return kCauseNames[static_cast<std::size_t>(cause)]; }

std::optional<TaskState> task_state_from(std::string_view name) {
  for (std::size_t i = 0; i < kStateNames.size(); ++i)
    if (kStateNames[i] == name) return static_cast<TaskState>(i);
  return std::nullopt;
}

}  // namespace millrace
