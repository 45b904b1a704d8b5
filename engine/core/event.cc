#include "engine/core/event.h"

#include <array>

#include "engine/core/outcome.h"

namespace millrace {
namespace {

constexpr std::array<std::string_view, 5> kTypeNames = {"manual", "scheduled", "backfill",
                                                        "dataset", "event"};
constexpr std::array<std::string_view, 4> kStatusNames = {"running", "success", "failed",
                                                          "cancelled"};

template <typename T>
constexpr std::string_view kEventKind = "";
template <>
constexpr std::string_view kEventKind<DagRegistered> = "dag_registered";
template <>
constexpr std::string_view kEventKind<DagFileChecked> = "dag_file_checked";
template <>
constexpr std::string_view kEventKind<DagPaused> = "dag_paused";
template <>
constexpr std::string_view kEventKind<DagRetired> = "dag_retired";
template <>
constexpr std::string_view kEventKind<DagOutOfOrder> = "dag_out_of_order";
template <>
constexpr std::string_view kEventKind<ScheduleMoved> = "schedule_moved";
template <>
constexpr std::string_view kEventKind<RunCreated> = "run_created";
template <>
constexpr std::string_view kEventKind<RunCancelRequested> = "run_cancel_requested";
template <>
constexpr std::string_view kEventKind<TasksCleared> = "tasks_cleared";
template <>
constexpr std::string_view kEventKind<RunFinished> = "run_finished";
template <>
constexpr std::string_view kEventKind<TaskExpanded> = "task_expanded";
template <>
constexpr std::string_view kEventKind<TaskQueued> = "task_queued";
template <>
constexpr std::string_view kEventKind<AttemptDispatched> = "attempt_dispatched";
template <>
constexpr std::string_view kEventKind<AttemptReturned> = "attempt_returned";
template <>
constexpr std::string_view kEventKind<AttemptStarted> = "attempt_started";
template <>
constexpr std::string_view kEventKind<AttemptLost> = "attempt_lost";
template <>
constexpr std::string_view kEventKind<AttemptFailed> = "attempt_failed";
template <>
constexpr std::string_view kEventKind<TaskDeferred> = "task_deferred";
template <>
constexpr std::string_view kEventKind<TaskSucceeded> = "task_succeeded";
template <>
constexpr std::string_view kEventKind<TaskFailed> = "task_failed";
template <>
constexpr std::string_view kEventKind<TaskSkipped> = "task_skipped";
template <>
constexpr std::string_view kEventKind<TaskUpstreamFailed> = "task_upstream_failed";
template <>
constexpr std::string_view kEventKind<TaskCancelRequested> = "task_cancel_requested";
template <>
constexpr std::string_view kEventKind<TaskCancelled> = "task_cancelled";
template <>
constexpr std::string_view kEventKind<CompletionRejected> = "completion_rejected";
template <>
constexpr std::string_view kEventKind<EffectsRequested> = "effects_requested";
template <>
constexpr std::string_view kEventKind<CommandHandled> = "command_handled";

// One list of fields for each event; writing and reading both walk it. Members at their default are
// left out.
template <typename E, typename F>
void fields(DagRegistered*, E& e, F f) {
  f("dag", e.dag), f("version", e.version), f("spec", e.spec), f("source", e.source),
      f("base_dir", e.base_dir), f("origin", e.origin);
}
template <typename E, typename F>
void fields(DagFileChecked*, E& e, F f) {
  f("source", e.source), f("diagnostics", e.diagnostics);
}
template <typename E, typename F>
void fields(DagPaused*, E& e, F f) {
  f("dag", e.dag), f("paused", e.paused), f("origin", e.origin);
}
template <typename E, typename F>
void fields(DagRetired*, E& e, F f) {
  f("dag", e.dag), f("reason", e.reason), f("origin", e.origin);
}
template <typename E, typename F>
void fields(DagOutOfOrder*, E& e, F f) {
  f("dag", e.dag), f("reason", e.reason);
}
template <typename E, typename F>
void fields(ScheduleMoved*, E& e, F f) {
  f("dag", e.dag), f("from", e.from), f("all_until", e.all_until), f("origin", e.origin);
}
template <typename E, typename F>
void fields(RunCreated*, E& e, F f) {
  f("dag", e.dag), f("version", e.version), f("type", e.type), f("logical_date", e.logical_date),
      f("interval_start", e.interval_start), f("interval_end", e.interval_end),
      f("params", e.params), f("trigger", e.trigger), f("trace_id", e.trace_id),
      f("origin", e.origin);
}
template <typename E, typename F>
void fields(RunCancelRequested*, E& e, F f) {
  f("origin", e.origin), f("force", e.force);
}
template <typename E, typename F>
void fields(TasksCleared*, E& e, F f) {
  f("tasks", e.tasks), f("origin", e.origin);
}
template <typename E, typename F>
void fields(RunFinished*, E& e, F f) {
  f("status", e.status);
}
template <typename E, typename F>
void fields(TaskExpanded*, E& e, F f) {
  f("t", e.task), f("items", e.items);
}
template <typename E, typename F>
void fields(TaskQueued*, E& e, F f) {
  f("", e.ref);
}
template <typename E, typename F>
void fields(AttemptDispatched*, E& e, F f) {
  f("", e.ref), f("a", e.attempt), f("e", e.epoch);
}
template <typename E, typename F>
void fields(AttemptReturned*, E& e, F f) {
  f("", e.ref), f("a", e.attempt), f("reason", e.reason);
}
template <typename E, typename F>
void fields(AttemptStarted*, E& e, F f) {
  f("", e.ref), f("a", e.attempt), f("e", e.epoch), f("began", e.began);
}
template <typename E, typename F>
void fields(AttemptLost*, E& e, F f) {
  f("", e.ref), f("a", e.attempt), f("reason", e.reason);
}
template <typename E, typename F>
void fields(AttemptFailed*, E& e, F f) {
  f("", e.ref), f("a", e.attempt), f("error", e.error), f("retry_at", e.retry_at);
}
template <typename E, typename F>
void fields(TaskDeferred*, E& e, F f) {
  f("", e.ref), f("a", e.attempt), f("until", e.until), f("event", e.event),
      f("checkpoint", e.checkpoint), f("effects", e.effects);
}
template <typename E, typename F>
void fields(TaskSucceeded*, E& e, F f) {
  f("", e.ref), f("a", e.attempt), f("outputs", e.outputs), f("effects", e.effects);
}
template <typename E, typename F>
void fields(TaskFailed*, E& e, F f) {
  f("", e.ref), f("a", e.attempt), f("error", e.error), f("outputs", e.outputs),
      f("effects", e.effects);
}
template <typename E, typename F>
void fields(TaskSkipped*, E& e, F f) {
  f("", e.ref), f("reason", e.reason);
}
template <typename E, typename F>
void fields(TaskUpstreamFailed*, E& e, F f) {
  f("", e.ref);
}
template <typename E, typename F>
void fields(TaskCancelRequested*, E& e, F f) {
  f("", e.ref), f("origin", e.origin);
}
template <typename E, typename F>
void fields(TaskCancelled*, E& e, F f) {
  f("", e.ref);
}
template <typename E, typename F>
void fields(CompletionRejected*, E& e, F f) {
  f("", e.ref), f("a", e.attempt), f("e", e.epoch), f("reason", e.reason);
}
template <typename E, typename F>
void fields(EffectsRequested*, E& e, F f) {
  f("effects", e.effects), f("origin", e.origin);
}
template <typename E, typename F>
void fields(CommandHandled*, E& e, F f) {
  f("command", e.command), f("ok", e.ok), f("result", e.result);
}

Json ref_json(const TaskRef& ref) { return Json::array({Json(ref.task), Json(ref.map_index)}); }
TaskRef ref_from(const Json& json) {
  return {static_cast<int>(json.at(0).as_int()), static_cast<int>(json.at(1).as_int(-1))};
}

/// Writes an event's members as text, one at a time.
class Writer {
 public:
  explicit Writer(std::string& out) : out_(out) {}

  void operator()(std::string_view, const TaskRef& ref) {
    out_ += ",\"t\":" + std::to_string(ref.task);
    if (ref.map_index >= 0) out_ += ",\"m\":" + std::to_string(ref.map_index);
  }
  void operator()(std::string_view name, int value) { key(name), out_ += std::to_string(value); }
  void operator()(std::string_view name, std::int64_t value) {
    key(name), out_ += std::to_string(value);
  }
  void operator()(std::string_view name, bool value) {
    key(name), out_ += value ? "true" : "false";
  }
  void operator()(std::string_view name, const std::string& value) {
    if (!value.empty()) key(name), append_json_string(out_, value);
  }
  void operator()(std::string_view name, const Json& value) {
    if (!value.is_null()) key(name), value.dump_to(out_);
  }
  void operator()(std::string_view name, Time value) {
    key(name), out_ += std::to_string(to_micros(value));
  }
  void operator()(std::string_view name, const std::optional<Time>& value) {
    if (value) (*this)(name, *value);
  }
  void operator()(std::string_view name, RunType value) {
    (*this)(name, std::string(to_string(value)));
  }
  void operator()(std::string_view name, RunStatus value) {
    (*this)(name, std::string(to_string(value)));
  }
  void operator()(std::string_view name, const Uuid& value) { (*this)(name, value.to_string()); }
  void operator()(std::string_view name, const Error& value) { (*this)(name, to_json(value)); }
  void operator()(std::string_view name, const Origin& value) {
    Json json = Json::object({{"actor", value.actor}});
    if (!value.reason.empty()) json.set("reason", value.reason);
    (*this)(name, json);
  }
  void operator()(std::string_view name, const std::vector<TaskRef>& refs) {
    Json json = Json::array();
    for (const auto& ref : refs) json.push_back(ref_json(ref));
    (*this)(name, json);
  }
  void operator()(std::string_view name, const std::vector<Effect>& effects) {
    if (effects.empty()) return;
    Json json = Json::array();
    for (const auto& effect : effects) json.push_back(to_json(effect));
    (*this)(name, json);
  }

 private:
  void key(std::string_view name) {
    out_ += ",\"";
    out_ += name;
    out_ += "\":";
  }
  std::string& out_;
};

/// Reads an event's members; the first error stays.
class Reader {
 public:
  explicit Reader(const Json& json) : json_(json) {}
  Status status;

  void operator()(std::string_view, TaskRef& ref) {
    ref = {static_cast<int>(json_["t"].as_int()), static_cast<int>(json_["m"].as_int(-1))};
  }
  void operator()(std::string_view name, int& value) {
    value = static_cast<int>(json_[name].as_int(value));
  }
  void operator()(std::string_view name, std::int64_t& value) { value = json_[name].as_int(value); }
  void operator()(std::string_view name, bool& value) { value = json_[name].as_bool(value); }
  void operator()(std::string_view name, std::string& value) { value = json_[name].as_string(); }
  void operator()(std::string_view name, Json& value) { value = json_[name]; }
  void operator()(std::string_view name, Time& value) { value = from_micros(json_[name].as_int()); }
  void operator()(std::string_view name, std::optional<Time>& value) {
    if (json_.contains(name)) value = from_micros(json_[name].as_int());
  }
  void operator()(std::string_view name, RunType& value) {
    keep(value, run_type_from(json_[name].as_view()), name);
  }
  void operator()(std::string_view name, RunStatus& value) {
    keep(value, run_status_from(json_[name].as_view()), name);
  }
  void operator()(std::string_view name, Uuid& value) {
    auto parsed = Uuid::parse(json_[name].as_view());
    if (parsed)
      value = *parsed;
    else
      status = parsed.error();
  }
  void operator()(std::string_view name, Error& value) { value = error_from_json(json_[name]); }
  void operator()(std::string_view name, Origin& value) {
    value = {json_[name]["actor"].as_string(), json_[name]["reason"].as_string()};
  }
  void operator()(std::string_view name, std::vector<TaskRef>& refs) {
    for (const auto& item : json_[name].items()) refs.push_back(ref_from(item));
  }
  void operator()(std::string_view name, std::vector<Effect>& effects) {
    for (const auto& item : json_[name].items()) {
      auto effect = effect_from_json(item);
      if (effect)
        effects.push_back(*std::move(effect));
      else
        status = effect.error();
    }
  }

 private:
  template <typename T>
  void keep(T& to, const std::optional<T>& value, std::string_view name) {
    if (value)
      to = *value;
    else
      status = invalid_argument("'" + json_[name].as_string() + "' is not a " + std::string(name));
  }
  const Json& json_;
};

template <typename T>
Result<EventBody> read_body(const Json& json) {
  T body;
  Reader reader(json);
  fields(static_cast<T*>(nullptr), body,
         [&](std::string_view name, auto& member) { reader(name, member); });
  MR_CHECK(std::move(reader.status));
  return EventBody{std::move(body)};
}

template <typename... Ts>
Result<EventBody> read_event(const Json& json, std::variant<Ts...>*) {
  Result<EventBody> out = invalid_argument("'" + json["kind"].as_string() + "' is not an event");
  const auto try_kind = [&](std::string_view kind, auto&& read) {
    if (json["kind"].as_view() == kind) out = read();
  };
  (try_kind(kEventKind<Ts>, [&] { return read_body<Ts>(json); }), ...);
  return out;
}

}  // namespace

std::string_view to_string(RunType type) { return kTypeNames[static_cast<std::size_t>(type)]; }
std::string_view to_string(RunStatus status) {
  return kStatusNames[static_cast<std::size_t>(status)];
}
std::optional<RunType> run_type_from(std::string_view name) {
  for (std::size_t i = 0; i < kTypeNames.size(); ++i)
    if (kTypeNames[i] == name) return static_cast<RunType>(i);
  return std::nullopt;
}
std::optional<RunStatus> run_status_from(std::string_view name) {
  for (std::size_t i = 0; i < kStatusNames.size(); ++i)
    if (kStatusNames[i] == name) return static_cast<RunStatus>(i);
  return std::nullopt;
}

std::string_view kind_of(const EventBody& body) {
  return std::visit([](const auto& e) { return kEventKind<std::decay_t<decltype(e)>>; }, body);
}

void append_json(std::string& out, const EventBody& body) {
  std::visit(
      [&](const auto& e) {
        using T = std::decay_t<decltype(e)>;
        out += "{\"kind\":\"";
        out += kEventKind<T>;
        out += '"';
        Writer writer(out);
        fields(static_cast<T*>(nullptr), e,
               [&](std::string_view name, const auto& member) { writer(name, member); });
        out += '}';
      },
      body);
}

Json to_json(const EventBody& body) {
  std::string text;
  append_json(text, body);
  return *Json::parse(text);
}

Result<EventBody> event_from_json(const Json& json) {
  return read_event(json, static_cast<EventBody*>(nullptr));
}

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
