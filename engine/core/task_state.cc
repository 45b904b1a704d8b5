#include "engine/core/task_state.h"

#include "engine/base/fields.h"

namespace millrace {
namespace {

constexpr std::array<std::string_view, 9> kCauseNames = {"enqueue", "start",         "succeed",
                                                         "fail",    "fail_retry",    "defer",
                                                         "skip",    "upstream_fail", "cancel"};

}  // namespace

std::string_view to_string(TaskState state) { return name_of(state); }
std::string_view to_string(Cause cause) { return kCauseNames[static_cast<std::size_t>(cause)]; }

}  // namespace millrace
