#include "engine/rehearsal/trace.h"

#include "engine/base/duration.h"
#include "engine/base/fields.h"

namespace millrace {
namespace {

std::string text_of(const RunCreated& body, const Run*, Time) {
  std::string text = std::string(to_string(body.type)) + " run";
  if (body.interval_start && body.interval_end && *body.interval_start != *body.interval_end)
    text += ", data from " + format_rfc3339(*body.interval_start) + " to " +
            format_rfc3339(*body.interval_end);
  return text;
}
std::string text_of(const RunCancelRequested& body, const Run*, Time) {
  return "cancelled: " + body.origin.reason;
}
std::string text_of(const RunFinished& body, const Run* run, Time at) {
  return "run " + std::string(to_string(body.status)) + " in " +
         format_duration(at - run->created_at);
}
std::string text_of(const TaskExpanded& body, const Run*, Time) {
  return std::to_string(body.items.size()) + (body.items.size() == 1 ? " item" : " items");
}
std::string text_of(const TaskQueued&, const Run*, Time) { return "queued"; }
std::string text_of(const AttemptStarted& body, const Run*, Time) {
  return "attempt " + std::to_string(body.attempt) + " starts";
}
std::string text_of(const AttemptLost& body, const Run*, Time) {
  return "attempt " + std::to_string(body.attempt) + " lost: " + body.reason;
}
std::string text_of(const AttemptFailed& body, const Run*, Time at) {
  return "attempt " + std::to_string(body.attempt) + " failed: " + body.error.message +
         "; retry in " + format_duration(body.retry_at - at);
}
std::string text_of(const TaskHeld& body, const Run*, Time) {
  return "held, waits for a person: " + body.error.message;
}
std::string text_of(const TaskDeferred& body, const Run*, Time) {
  const std::string event = body.event.empty() ? "" : "the event " + body.event;
  if (!body.until) return event.empty() ? "waits for the end of a run" : "waits for " + event;
  return "waits until " + format_rfc3339(*body.until) + (event.empty() ? "" : " or " + event);
}
std::string text_of(const TaskRepeated& body, const Run*, Time at) {
  return "iteration ends" + (body.outputs.size() == 0 ? "" : " " + body.outputs.dump()) +
         "; the next one in " + format_duration(body.next_at - at);
}
std::string text_of(const TaskSucceeded& body, const Run*, Time) {
  return body.outputs.size() == 0 ? "success" : "success " + body.outputs.dump();
}
std::string text_of(const TaskFailed& body, const Run*, Time) {
  return "failed: " + body.error.message;
}
std::string text_of(const TaskSkipped& body, const Run*, Time) {
  return body.reason.empty() ? "skipped" : "skipped: " + body.reason;
}
std::string text_of(const TaskUpstreamFailed&, const Run*, Time) {
  return "cannot start: a task that it needs did not succeed";
}
std::string text_of(const TaskCancelled&, const Run*, Time) { return "cancelled"; }

/// Others say nothing.
template <typename Body>
concept HasText = requires(const Body& body) {
  text_of(body, nullptr, Time{});
};
template <typename Body>
concept OfAttempt = requires(const Body& body) {
  body.attempt;
};

}  // namespace

std::optional<TraceLine> trace_line(const Event& event, const Run* run) {
  TraceLine line;
  line.at = event.at;
  line.event = kind_of(event.body);
  if (const auto* moved = std::get_if<ScheduleMoved>(&event.body)) {
    if (!moved->skipped) return std::nullopt;
    line.event = "date_skipped";
    line.logical_date = moved->skipped;
    line.text = "no run: " + moved->origin.reason;
    return line;
  }
  if (run == nullptr) return std::nullopt;
  line.logical_date = run->created.logical_date;
  if (const TaskRef* ref = task_of(event.body)) {
    line.task = run->dag->task(ref->task).spec.id;
    if (ref->map_index >= 0) line.map_index = ref->map_index;
  } else if (const auto* expanded = std::get_if<TaskExpanded>(&event.body)) {
    line.task = run->dag->task(expanded->task).spec.id;
  }
  const bool has_text = std::visit(
      [&]<typename Body>(const Body& body) {
        if constexpr (HasText<Body>) line.text = text_of(body, run, event.at);
        if constexpr (OfAttempt<Body>)
          if (body.attempt > 0) line.attempt = body.attempt;
        return HasText<Body>;
      },
      event.body);
  return has_text ? std::optional(std::move(line)) : std::nullopt;
}

}  // namespace millrace
