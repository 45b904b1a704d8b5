#include "engine/app/run_progress.h"

#include <cstdio>
#include <utility>

#include "engine/app/terminal.h"

namespace millrace {
namespace {

constexpr std::size_t kPageBytes = std::size_t{1} << 20;

std::string name_of(const Run& run, TaskRef ref) {
  std::string name = run.dag->task(ref.task).spec.id;
  if (ref.map_index >= 0) name += "[" + std::to_string(ref.map_index) + "]";
  return name;
}

std::string detail_of(const Run& run, TaskRef ref, const TaskInstance& instance) {
  std::string detail;
  if (is_end(instance.state) && instance.started != Time{})
    detail = human_duration(instance.since - instance.started);
  if (instance.attempt > 1) detail += " attempt " + std::to_string(instance.attempt);
  if (instance.state == TaskState::failed || instance.state == TaskState::up_for_retry ||
      instance.state == TaskState::held)
    detail += "  " + instance.error.to_string();
  if (instance.state == TaskState::held)
    detail += "; resume it with 'millrace resume', or cancel the run";
  const auto wait = run.waited_for.find(ref);
  if (instance.state == TaskState::deferred && wait != run.waited_for.end())
    detail += "  waits for " + wait->second.what;
  if (instance.state == TaskState::skipped) detail += "  " + instance.reason;
  return detail;
}

}  // namespace

void RunProgress::show(const Run& run) {
  for (int t = 0; t < static_cast<int>(run.tasks.size()); ++t) {
    const auto& task = run.tasks[static_cast<std::size_t>(t)];
    for (std::size_t i = 0; i < task.instances.size(); ++i)
      show(run, {t, task.expanded ? static_cast<int>(i) : -1}, task.instances[i]);
  }
  std::fflush(stdout);
}

void RunProgress::show(const Run& run, TaskRef ref, const TaskInstance& instance) {
  Seen& seen = seen_[ref];
  const bool changed = seen.state != instance.state || seen.attempt != instance.attempt;
  if (!changed && is_end(instance.state)) return;
  if (instance.attempt != seen.attempt) {
    show_output(run, ref, seen, true);
    seen = {.state = seen.state,
            .attempt = instance.attempt,
            .line = {},
            .waits_since = seen.waits_since};
  }
  // A start comes before the attempt's output, an end after it.
  const bool is_told = changed && is_news(run, ref, instance, seen);
  const bool starts = is_told && instance.state == TaskState::running;
  if (starts) show_state(run, ref, instance);
  // An attempt prints before its begin is recorded: a last line without its end may go on.
  const bool goes_on = instance.state == TaskState::running || instance.state == TaskState::queued;
  show_output(run, ref, seen, !goes_on);
  if (is_told && !starts) show_state(run, ref, instance);
  seen.state = instance.state;
}

/// A task that looks again and again for the same is shown when its wait begins and when it ends.
bool RunProgress::is_news(const Run& run, TaskRef ref, const TaskInstance& instance, Seen& seen) {
  const auto wait = run.waited_for.find(ref);
  if (wait == run.waited_for.end()) return true;
  if (instance.state == TaskState::running || instance.state == TaskState::queued) return false;
  if (instance.state != TaskState::deferred) return true;
  return std::exchange(seen.waits_since, wait->second.since) != wait->second.since;
}

void RunProgress::show_state(const Run& run, TaskRef ref, const TaskInstance& instance) {
  if (instance.state == TaskState::pending || instance.state == TaskState::queued) return;
  std::printf("%8s  %-24s %s  %s\n", human_duration(instance.since - run.created_at).c_str(),
              name_of(run, ref).c_str(), paint(to_string(instance.state)).c_str(),
              detail_of(run, ref, instance).c_str());
}

void RunProgress::show_output(const Run& run, TaskRef ref, Seen& seen, bool all) {
  if (seen.attempt == 0) return;
  const std::string& task = run.dag->task(ref.task).spec.id;
  const std::string prefix = "          " + name_of(run, ref) + " | ";
  for (;;) {
    const auto text =
        logs_.read(run.id, task, ref.map_index, seen.attempt, seen.offset, kPageBytes);
    if (!text || text->empty()) break;
    seen.offset += static_cast<std::int64_t>(text->size());
    seen.line += *text;
    std::size_t start = 0;
    for (auto end = seen.line.find('\n'); end != std::string::npos;
         end = seen.line.find('\n', start)) {
      std::printf("%s%s\n", prefix.c_str(), seen.line.substr(start, end - start).c_str());
      start = end + 1;
    }
    seen.line.erase(0, start);
  }
  if (!all || seen.line.empty()) return;
  std::printf("%s%s\n", prefix.c_str(), seen.line.c_str());
  seen.line.clear();
}

}  // namespace millrace
