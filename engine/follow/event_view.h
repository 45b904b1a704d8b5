// Event views: the public form of the journal's events. Each kind of event has a view with the
// fields of its stored form (engine/core/events). A view names a task by its id, not by its index,
// adds the run and its DAG, and writes times as RFC 3339. docs/openapi.json and the dashboard's
// types are generated from these declarations.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "engine/base/record_schema.h"
#include "engine/core/event.h"
#include "engine/follow/run_names.h"

namespace millrace::follow {

/// A task instance, named by the id of its task.
struct TaskInstanceView {
  static constexpr std::string_view record_name = "TaskInstance";
  static constexpr std::string_view record_doc = "A task instance of a run.";
  std::string task;
  int map_index = -1;

  static constexpr auto fields() {
    return std::tuple{
        field("task", &TaskInstanceView::task, "The task's id; \"\" if the run is forgotten"),
        field("map_index", &TaskInstanceView::map_index,
              "Its place among the instances of a mapped task; -1: not mapped")};
  }
};

struct ErrorView {
  static constexpr std::string_view record_name = "TaskError";
  static constexpr std::string_view record_doc = "Why an attempt failed.";
  std::string code, message, where;
  bool transient = false, permanent = false, out_of_memory = false;
  std::optional<int> exit_code, signal;
  std::optional<std::int64_t> retry_after_ms;

  static constexpr auto fields() {
    return std::tuple{
        field("code", &ErrorView::code, "As in problems, e.g. invalid_argument"),
        field("message", &ErrorView::message, "What is wrong"),
        field("where", &ErrorView::where, "The place, or \"\""),
        field("transient", &ErrorView::transient, "True: a retry may succeed"),
        field("permanent", &ErrorView::permanent, "True: the retries of the task do not apply"),
        field("out_of_memory", &ErrorView::out_of_memory, "True: a limit of memory was reached"),
        field("exit_code", &ErrorView::exit_code, "How its program ended, if with an exit code"),
        field("signal", &ErrorView::signal, "How its program ended, if by a signal"),
        field("retry_after_ms", &ErrorView::retry_after_ms, "What the other side asked for")};
  }
};
ErrorView error_view(const Error& error);

/// What a view needs in addition to the body of the event.
struct EventContext {
  const Event* event = nullptr;
  const DagNames* names = nullptr;  // of the event's run

  TaskInstanceView instance(const TaskRef& ref) const {
    return {std::string(names->task(ref.task)), ref.map_index};
  }
};

template <typename Body>
struct EventView;

namespace detail {

/// True for events about a run or its tasks.
template <typename Body>
constexpr bool kOfRun = requires(const Body& body) {
  body.ref;
}
|| std::is_same_v<Body, RunCreated> || std::is_same_v<Body, TasksCleared> ||
    std::is_same_v<Body, RunCancelRequested> || std::is_same_v<Body, RunFinished> ||
    std::is_same_v<Body, TaskExpanded>;

template <typename Body>
constexpr auto head_fields() {
  using View = EventView<Body>;
  auto always = std::tuple{
      field(
          "seq", [](const View& v) { return v.context.event->seq; },
          "Its place in the journal; the id of the server-sent event"),
      field(
          "at", [](const View& v) { return v.context.event->at; }, "When it was decided")};
  if constexpr (kOfRun<Body>) {
    const auto run = field(
        "run", [](const View& v) { return v.context.event->run; }, "The run");
    const auto dag = field(
        "", [](const View& v) { return v.context.names->dag; },
        "The run's DAG; \"\" if the run is forgotten");
    if constexpr (requires(const Body& body) { body.dag; })
      return std::tuple_cat(always, std::tuple{run});
    else
      return std::tuple_cat(always, std::tuple{run, dag});
  } else {
    return always;
  }
}

/// The same field, read through a getter of the view.
template <typename Get, typename ViewGet>
constexpr auto seen_through(const Field<Get>& field, ViewGet get) {
  Field<ViewGet> seen{field.name_for_others(), get, field.doc};
  seen.minimum = field.minimum;
  seen.maximum = field.maximum;
  seen.is_internal = field.is_internal;
  return std::tuple{seen};
}

template <typename Body, typename Get>
constexpr auto view_field(const Field<Get>& one) {
  using View = EventView<Body>;
  using Value = std::remove_cvref_t<std::invoke_result_t<const Get&, const Body&>>;
  const Get get = one.get;
  if constexpr (std::is_same_v<Value, TaskRef>) {
    return std::tuple{field(
        "", [](const View& v) { return v.context.instance(v.body->ref); }, "The task instance")};
  } else if constexpr (std::is_same_v<Value, std::vector<TaskRef>>) {
    return seen_through(one, [get](const View& v) {
      std::vector<TaskInstanceView> out;
      for (const auto& ref : std::invoke(get, *v.body)) out.push_back(v.context.instance(ref));
      return out;
    });
  } else if constexpr (std::is_same_v<Value, Error>) {
    return seen_through(one,
                        [get](const View& v) { return error_view(std::invoke(get, *v.body)); });
  } else if constexpr (std::is_same_v<Body, TaskExpanded> && std::is_same_v<Value, int>) {
    return std::tuple{field(
        "task", [](const View& v) { return std::string(v.context.names->task(v.body->task)); },
        "The task's id")};
  } else {
    return seen_through(one,
                        [get](const View& v) -> const Value& { return std::invoke(get, *v.body); });
  }
}

}  // namespace detail

/// `Body`: an alternative of EventBody. The event and the names must outlive the view.
template <typename Body>
struct EventView {
  static constexpr std::string_view kind = Body::kind;
  static constexpr std::string_view record_doc = Body::record_doc;
  EventContext context;
  const Body* body = nullptr;

  static constexpr auto fields() {
    return std::apply(
        [](const auto&... one) {
          return std::tuple_cat(detail::head_fields<Body>(), detail::view_field<Body>(one)...);
        },
        Body::fields());
  }
};

/// Events that a client does not get, because it was too slow or retention has dropped them.
struct EventsLost {
  static constexpr std::string_view kind = "lost";
  static constexpr std::string_view record_doc =
      "Events that this client does not get: it read too slowly, or retention has removed them.";
  static constexpr std::string_view record_name = "EventsLost";
  std::int64_t first_seq = 0, last_seq = 0;

  static constexpr auto fields() {
    return std::tuple{
        field("first_seq", &EventsLost::first_seq, "The first of them"),
        field("last_seq", &EventsLost::last_seq, "The last of them; what comes now is later")};
  }
};

namespace detail {
template <typename Variant>
struct ViewsOf;
template <typename... Bodies>
struct ViewsOf<std::variant<Bodies...>> {
  using type = std::variant<EventView<Bodies>..., EventsLost>;
};
}  // namespace detail

/// What the event stream sends.
using StreamEvent = detail::ViewsOf<EventBody>::type;
constexpr std::string_view title_of(std::type_identity<StreamEvent>) { return "StreamEvent"; }

/// Appends the event's view as JSON.
void append_view(std::string& out, const Event& event, const DagNames& names);

/// `event`, `id` and `data` of one server-sent event (WHATWG HTML, section 9.2).
void append_event_text(std::string& out, const Event& event, const DagNames& names);
std::string lost_text(const EventsLost& lost);

}  // namespace millrace::follow
