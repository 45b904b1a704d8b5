// /api/v1/runs/{run}/tasks: the state of each task at this instant, attempts, logs.
#include <algorithm>

#include "engine/api/attempts.h"
#include "engine/api/context.h"
#include "engine/api/event_stream.h"
#include "engine/api/views_run.h"
#include "engine/base/suggest.h"
#include "engine/store/load_run.h"

namespace millrace::api {
namespace {

constexpr std::size_t kLogPageBytes = 1u << 20;
constexpr int kMostInstances = 1'000'000;
/// Log text has no event of its own: while someone follows, we look this often.
constexpr std::chrono::milliseconds kLogLook{250};

std::optional<Time> set_or_null(Time time) {
  return time == Time{} ? std::nullopt : std::optional(time);
}

TaskView view_of(const Run& run, TaskRef ref) {
  const auto& spec = run.dag->task(ref.task).spec;
  const auto& progress = run.tasks[static_cast<std::size_t>(ref.task)];
  const auto& instance = run.instance(ref);
  TaskView view;
  view.task = spec.id;
  view.op = spec.op;
  view.index = ref.task;
  view.map_index = ref.map_index;
  view.needs = spec.needs;
  view.state = instance.state;
  view.attempt = instance.attempt;
  view.failures = instance.failures;
  if (spec.repeat.is_set()) view.iteration = instance.iterations + 1;
  view.since = instance.since == Time{} ? run.created_at : instance.since;
  view.started_at = set_or_null(instance.started);
  if (is_end(instance.state)) view.ended_at = view.since;
  if (instance.state == TaskState::deferred || instance.state == TaskState::up_for_retry)
    view.wake_at = set_or_null(instance.wake);
  if (instance.state == TaskState::deferred) view.wake_event = instance.wake_event;
  if (const auto wait = run.waited_for.find(ref);
      wait != run.waited_for.end() && !is_end(instance.state)) {
    view.waiting_for = wait->second.what;
    view.waiting_since = wait->second.since;
  }
  view.error = instance.error.to_string();
  view.reason = instance.reason;
  view.continue_on_error = spec.continue_on_error;
  view.teardown_of = spec.teardown.setups;
  view.fail_run = spec.teardown.fail_run;
  if (progress.expanded && ref.map_index >= 0)
    view.item = progress.items.at(static_cast<std::size_t>(ref.map_index));
  view.outputs = instance.outputs;
  view.checkpoint = instance.checkpoint;
  view.saved_state = instance.saved_state;
  if (const auto child = run.children.find(ref); child != run.children.end())
    view.child = child->second.run;
  if (const auto changed = run.resumed_params.find(ref); changed != run.resumed_params.end())
    view.params = changed->second;
  return view;
}

std::vector<TaskRef> instances_of(const Run& run, int task) {
  const auto& progress = run.tasks[static_cast<std::size_t>(task)];
  if (!progress.expanded) return {{task, -1}};
  std::vector<TaskRef> refs;
  for (std::size_t i = 0; i < progress.instances.size(); ++i)
    refs.push_back({task, static_cast<int>(i)});
  return refs;
}

Result<Run> find_run(Context& context, const Call& call) {
  return load_run(context.stores.journal, context.stores.runs, call.uuid("run"));
}

/// Its place in the DAG.
Result<int> find_task(const Run& run, const std::string& id) {
  if (const int task = run.dag->index_of(id); task >= 0) return task;
  std::vector<std::string> names;
  for (const auto& task : run.dag->tasks()) names.push_back(task.spec.id);
  return not_found("the run has no task '" + id + "'" + did_you_mean(id, names));
}

Result<TaskRef> find_instance(const Run& run, const Call& call) {
  const std::string id = call.path("task");
  MR_TRY(const int task, find_task(run, id));
  const TaskRef ref{task, static_cast<int>(call.query("map_index").as_int())};
  const auto& progress = run.tasks[static_cast<std::size_t>(ref.task)];
  if (!run.has(ref) && progress.expanded && ref.map_index < 0)
    return not_found("task '" + id + "' is mapped: its " +
                     std::to_string(progress.instances.size()) +
                     " instances have a map_index, from 0 on");
  if (!run.has(ref))
    return not_found("task '" + id + "' has no map_index " + std::to_string(ref.map_index) +
                     "; it has " + std::to_string(progress.instances.size()) + " instances");
  return ref;
}

/// The task that ?task names, or all of them; upstream first.
Result<std::vector<int>> wanted_tasks(const Run& run, const Call& call) {
  const std::string id = call.query("task").as_string();
  if (id.empty()) return run.dag->topological_order();
  MR_TRY(const int task, find_task(run, id));
  return std::vector<int>{task};
}

/// The address of the next page, with the same filters.
std::string next_page_of(const Run& run, const Call& call, std::size_t limit, std::size_t offset) {
  std::string target = "/api/v1/runs/" + run.id.to_string() + "/tasks?";
  for (const char* name : {"task", "state"})
    if (const auto value = call.query(name); value.is_string())
      target += std::string(name) + "=" + value.as_string() + "&";
  if (const auto each = call.query("per_task"); !each.is_null())
    target += "per_task=" + std::to_string(each.as_int()) + "&";
  return target + "limit=" + std::to_string(limit) + "&offset=" + std::to_string(offset);
}

/// The page from `offset` on; the header Link names the next one, RFC 8288.
Result<Reply> list_tasks(Context& context, const Call& call) {
  MR_TRY(const Run run, find_run(context, call));
  MR_TRY(const auto tasks, wanted_tasks(run, call));
  const auto limit = static_cast<std::size_t>(call.query("limit").as_int());
  const auto offset = static_cast<std::size_t>(call.query("offset").as_int());
  const auto per_task = static_cast<std::size_t>(call.query("per_task").as_int(kMostInstances));
  const auto state = call.query("state").is_string()
                         ? from_name<TaskState>(call.query("state").as_view())
                         : std::nullopt;
  std::vector<TaskView> views;
  std::size_t place = 0;
  for (const int task : tasks) {
    std::size_t of_task = 0;
    for (const TaskRef ref : instances_of(run, task)) {
      if (state && run.instance(ref).state != *state) continue;
      if (++of_task > per_task) break;
      if (place >= offset && place - offset < limit) views.push_back(view_of(run, ref));
      ++place;
    }
  }
  auto reply = reply_of(views);
  reply.headers.emplace_back("Millrace-Total", std::to_string(place));
  if (place > offset && place - offset > limit)
    reply.headers.emplace_back(
        "Link", "<" + next_page_of(run, call, limit, offset + limit) + ">; rel=\"next\"");
  return reply;
}

Result<Reply> get_task(Context& context, const Call& call) {
  MR_TRY(const Run run, find_run(context, call));
  MR_TRY(const TaskRef ref, find_instance(run, call));
  return reply_of(view_of(run, ref));
}

Result<Reply> list_attempts(Context& context, const Call& call) {
  MR_TRY(const Run run, find_run(context, call));
  MR_TRY(const TaskRef ref, find_instance(run, call));
  MR_TRY(const auto events, context.stores.journal.read_run(run.id));
  return reply_of(attempts_of(events, ref));
}

/// One attempt's log, and where we are in it.
struct LogCursor {
  Uuid run;
  std::string task;
  TaskRef ref;
  int attempt = 0;
  std::int64_t offset = 0;
};

Result<std::string> next_page(Context& context, const LogCursor& at) {
  return context.stores.logs.read(at.run, at.task, at.ref.map_index, at.attempt, at.offset,
                                  kLogPageBytes);
}

/// True while more may be written to the attempt's log.
bool is_open(Context& context, const LogCursor& at) {
  const auto run = load_run(context.stores.journal, context.stores.runs, at.run);
  if (!run || !run->has(at.ref)) return false;
  const auto& instance = run->instance(at.ref);
  if (instance.attempt > at.attempt) return false;
  return !is_end(instance.state) && instance.state != TaskState::up_for_retry &&
         instance.state != TaskState::held;
}

/// The instance of a log as it is now.
struct LogOwner {
  int last_attempt = 0;
  bool ended = false;  // for good: no attempt follows
};

Result<LogOwner> owner_of(Context& context, const LogCursor& at) {
  MR_TRY(const Run run, load_run(context.stores.journal, context.stores.runs, at.run));
  if (!run.has(at.ref)) return not_found("the task instance is gone");
  const auto& instance = run.instance(at.ref);
  return LogOwner{instance.attempt, is_end(instance.state)};
}

Reply log_reply(const LogCursor& at, const LogOwner& owner, std::string text) {
  const auto end = at.offset + static_cast<std::int64_t>(text.size());
  Reply reply;
  reply.raw = HttpResponse{.content_type = "text/plain; charset=utf-8", .body = std::move(text)};
  reply.raw->headers = {{"Millrace-Attempt", std::to_string(at.attempt)},
                        {"Millrace-Offset", std::to_string(end)},
                        {"Millrace-Last-Attempt", std::to_string(owner.last_attempt)},
                        {"Millrace-Ended", owner.ended ? "true" : "false"}};
  return reply;
}

/// Once there is text from the offset on, a later attempt, or the end; or after `wait`.
Reply when_logged(Context& context, LogCursor at, LogOwner owner, std::chrono::milliseconds wait) {
  auto wake = std::make_shared<http::Wake>();
  auto news = context.feed.watch({at.run, {}}, context.feed.seq(), [wake] { wake->notify(); });
  Reply reply;
  reply.later = std::make_shared<LaterReply>();
  reply.later->wake = std::move(wake);
  reply.later->patience = wait;
  reply.later->look_every = kLogLook;
  reply.later->look = [&context, at = std::move(at), owner,
                       news = std::move(news)](bool over) mutable -> Result<std::optional<Reply>> {
    // Asked before reading: what was written before the end is read after this answer.
    if (news->has_news()) {
      MR_TRY(owner, owner_of(context, at));
    }
    MR_TRY(auto text, next_page(context, at));
    if (text.empty() && !over && !owner.ended && owner.last_attempt <= at.attempt)
      return std::optional<Reply>();
    return std::optional(log_reply(at, owner, std::move(text)));
  };
  return reply;
}

/// Pieces as `data: {"offset", "text"}` until the attempt has ended, then `event: end`.
class LogStream {
 public:
  LogStream(Context& context, LogCursor at, std::shared_ptr<follow::LiveView> run,
            std::shared_ptr<void> slot)
      : context_(context),
        at_(std::move(at)),
        run_(std::move(run)),
        slot_(std::move(slot)),
        heartbeat_(context.config.heartbeat, context.clock) {}

  http::Piece next() {
    // Asked before reading: what was written before the end is read after this answer.
    if (run_->has_news()) open_ = is_open(context_, at_);
    const auto text = next_page(context_, at_);
    if (!text) return {.text = {}, .end = true};
    const std::string id = std::to_string(at_.offset + static_cast<std::int64_t>(text->size()));
    if (!text->empty()) {
      const Json data = Json::object({{"offset", at_.offset}, {"text", *text}});
      at_.offset += static_cast<std::int64_t>(text->size());
      return heartbeat_.piece(event_lines({}, id, data.dump()), kLogLook);
    }
    if (open_) return heartbeat_.piece({}, kLogLook);
    auto last = heartbeat_.piece(event_lines("end", id, "{}"), kLogLook);
    last.end = true;
    return last;
  }

 private:
  Context& context_;
  LogCursor at_;
  const std::shared_ptr<follow::LiveView> run_;  // its events
  const std::shared_ptr<void> slot_;
  Heartbeat heartbeat_;
  bool open_ = true;
};

Result<Reply> get_log(Context& context, StreamSlots& slots, const Call& call) {
  MR_TRY(const Run run, find_run(context, call));
  MR_TRY(const TaskRef ref, find_instance(run, call));
  LogCursor at{run.id, call.path("task"), ref, run.instance(ref).attempt,
               call.query("offset").as_int()};
  if (!call.query("attempt").is_null())
    at.attempt = static_cast<int>(call.query("attempt").as_int());
  if (const int last = run.instance(ref).attempt; at.attempt > last)
    return not_found("task '" + at.task + "' has no attempt " + std::to_string(at.attempt) +
                     "; its last attempt is " + std::to_string(last));
  if (!call.query("follow").as_bool()) {
    MR_TRY(const auto wait, wait_of(call, kMostWait));
    const LogOwner owner{run.instance(ref).attempt, is_end(run.instance(ref).state)};
    MR_TRY(auto text, next_page(context, at));
    const bool is_over = owner.ended || owner.last_attempt > at.attempt;
    if (wait.count() <= 0 || !text.empty() || is_over) return log_reply(at, owner, std::move(text));
    return when_logged(context, std::move(at), owner, wait);
  }
  Reply reply;
  auto slot = slots.take();
  if (!slot) return too_many_streams();
  if (const auto resumed = resume_after(call); resumed > at.offset) at.offset = resumed;
  auto wake = std::make_shared<http::Wake>();
  auto view = context.feed.watch({at.run, {}}, context.feed.seq(), [wake] { wake->notify(); });
  auto stream =
      std::make_shared<LogStream>(context, std::move(at), std::move(view), std::move(slot));
  reply.raw = stream_response(wake, [stream] { return stream->next(); });
  return reply;
}

FieldInfo offset_in_query() {
  return FieldInfo{"offset", integer_type(0, 1e9), "How many to leave out at the start"}.optional(
      0);
}
FieldInfo map_index_in_query() {
  return FieldInfo{"map_index", integer_type(-1, 1'000'000), "Which instance of a mapped task"}
      .optional(-1);
}

}  // namespace

std::vector<Endpoint> task_endpoints(Context* context, StreamSlots* slots) {
  const auto bind = [context](Result<Reply> (*handle)(Context&, const Call&)) {
    return [context, handle](const Call& call) { return handle(*context, call); };
  };
  std::vector<Endpoint> list;
  list.push_back(
      {.method = "GET",
       .pattern = "/api/v1/runs/{run}/tasks",
       .id = "listTasks",
       .tag = "tasks",
       .summary = "Task instances of a run as they are now, upstream first",
       .doc = "In pages: the header Link names the next one while there is one, "
              "Millrace-Total says how many there are.",
       .path = {run_in_path()},
       .query = {FieldInfo{"task", string_type(128), "Only of this task"}.optional(),
                 FieldInfo{"state", type_info<TaskState>(), "Only in this state"}.optional(),
                 FieldInfo{"per_task", integer_type(1, kMostInstances),
                           "At most this many instances of each task; all if absent"}
                     .optional(),
                 limit_in_query(10'000, 10'000), offset_in_query()},
       .response = type_info<std::vector<TaskView>>(),
       .handle = bind(list_tasks)});
  list.push_back({.method = "GET",
                  .pattern = "/api/v1/runs/{run}/tasks/{task}",
                  .id = "getTask",
                  .tag = "tasks",
                  .summary = "A task instance as it is now",
                  .path = {run_in_path(), task_in_path()},
                  .query = {map_index_in_query()},
                  .response = type_info<TaskView>(),
                  .handle = bind(get_task)});
  list.push_back({.method = "GET",
                  .pattern = "/api/v1/runs/{run}/tasks/{task}/attempts",
                  .id = "listAttempts",
                  .tag = "tasks",
                  .summary = "Every try of a task instance, oldest first",
                  .path = {run_in_path(), task_in_path()},
                  .query = {map_index_in_query()},
                  .response = type_info<std::vector<AttemptView>>(),
                  .handle = bind(list_attempts)});
  list.push_back(
      {.method = "GET",
       .pattern = "/api/v1/runs/{run}/tasks/{task}/logs",
       .id = "getLog",
       .tag = "tasks",
       .summary = "What an attempt wrote",
       .doc =
           "Text from `offset` on, at most 1 MiB; the header Millrace-Offset says where to go on, "
           "Millrace-Last-Attempt which attempt is the last so far, and Millrace-Ended whether the "
           "task has ended. Where there is no text, `wait` waits for some, for a later attempt or "
           "for the task's end. With "
           "follow=1 a text/event-stream: `data: {\"offset\", \"text\"}` for each piece while the "
           "attempt runs, then `event: end`.",
       .path = {run_in_path(), task_in_path()},
       .query =
           {map_index_in_query(),
            FieldInfo{"attempt", integer_type(0, 1'000'000), "Which attempt; the last if absent"}
                .optional(),
            FieldInfo{"offset", integer_type(0, 1e15), "Bytes to leave out at the start"}.optional(
                0),
            FieldInfo{"wait", string_type(16), "How long to wait for text, e.g. 30s; at most 60s"}
                .optional(),
            FieldInfo{"follow", boolean_type(), "Stay, and send what comes"}.optional(false)},
       .response_type = "text/plain",
       .handle = [context, slots](const Call& call) { return get_log(*context, *slots, call); }});
  return list;
}

}  // namespace millrace::api
