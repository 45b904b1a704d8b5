// /api/v1/events: the journal as it grows (GET, server-sent events), and CloudEvents from outside
// (POST).
#include <algorithm>

#include "engine/api/cloud_event.h"
#include "engine/api/context.h"
#include "engine/api/event_stream.h"
#include "engine/api/views.h"
#include "engine/store/command.h"

namespace millrace::api {
namespace {

// The first page is small: who looks at a few events does not wait for many.
constexpr std::size_t kFirstPage = 100, kReadPage = 500;
constexpr std::chrono::milliseconds kBackupLook{1'000};

struct Subscription {
  std::int64_t after = 0;
  std::optional<Uuid> run;
  std::vector<std::string> kinds;  // empty: all

  bool wants(const Event& event) const {
    if (run && event.run != *run) return false;
    return kinds.empty() ||
           std::find(kinds.begin(), kinds.end(), kind_of(event.body)) != kinds.end();
  }
};

std::string event_json(const Event& event) {
  Json json = Json::object({{"seq", event.seq}, {"at", format_rfc3339(event.at)}});
  if (!event.run.is_nil()) json.set("run", event.run.to_string());
  const Json body = to_json(event.body);
  for (const auto& [name, value] : body.members()) json.set(name, value);
  return json.dump();
}

void stream_events(Context& context, Subscription wanted, HttpStream& to) {
  EventStream stream(to, context.config.heartbeat, context.clock);
  std::size_t page = kFirstPage;
  while (stream.alive() && !context.changed->closed()) {
    const auto seen = context.changed->version();
    const auto events = context.stores.journal.read(wanted.after, page);
    if (!events) return;  // the client comes back with Last-Event-ID
    for (const auto& event : *events) {
      wanted.after = event.seq;
      if (!wanted.wants(event)) continue;
      stream.send(kind_of(event.body), std::to_string(event.seq), event_json(event));
      if (!stream.alive()) return;
    }
    page = kReadPage;
    if (!events->empty()) continue;
    stream.idle();
    context.changed->wait(seen, kBackupLook);
  }
}

std::vector<std::string> split_commas(std::string_view text) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const auto part = text.substr(0, text.find(','));
    text.remove_prefix(std::min(text.size(), part.size() + 1));
    if (!part.empty()) parts.emplace_back(part);
  }
  return parts;
}

Result<Reply> get_events(Context& context, StreamSlots& slots, const Call& call) {
  Subscription wanted;
  const auto resumed = EventStream::resume_after(call);
  if (resumed >= 0)
    wanted.after = resumed;
  else if (!call.query("after").is_null())
    wanted.after = call.query("after").as_int();
  else {
    MR_TRY(wanted.after, context.stores.journal.last_seq());
  }
  if (call.query("run").is_string()) wanted.run = *Uuid::parse(call.query("run").as_view());
  wanted.kinds = split_commas(call.query("kinds").as_view());
  const auto slot = slots.take();
  if (!slot)
    return make_error(ErrorCode::resource_exhausted,
                      "as many streams are open as are allowed; close one");
  Reply reply;
  reply.raw = EventStream::response(
      [&context, wanted, slot](HttpStream& to) { stream_events(context, wanted, to); });
  return reply;
}

Result<ReceivedEventView> publish(Context& context, const Call& call, const CloudEvent& event) {
  auto command = context.make_command(command::publish_event,
                                      Json::object({{"name", event.type}, {"event", event.json}}),
                                      call, "CloudEvent from " + event.source);
  command.idempotency_key = idempotency_key_of(event);
  MR_TRY(const auto submitted, context.submit(std::move(command)));
  MR_TRY(const auto result, Context::value_of(submitted));
  ReceivedEventView view{
      event.source, event.id, submitted.repeated, submitted.answer.has_value(), {}};
  for (const auto& run : result["runs"].items())
    if (const auto id = Uuid::parse(run.as_view())) view.runs.push_back(*id);
  return view;
}

Result<Reply> post_events(Context& context, const Call& call) {
  MR_TRY(const auto events, read_cloud_events(call.request()));
  std::vector<ReceivedEventView> views;
  bool handled = true;
  for (const auto& event : events) {
    MR_TRY(auto view, publish(context, call, event));
    handled = handled && view.handled;
    views.push_back(std::move(view));
  }
  auto reply = reply_of(views);
  reply.status = handled ? 200 : 202;
  return reply;
}

}  // namespace

std::vector<Endpoint> event_endpoints(Context* context, StreamSlots* slots) {
  std::vector<Endpoint> list;
  list.push_back(
      {.method = "GET",
       .pattern = "/api/v1/events",
       .id = "streamEvents",
       .tag = "events",
       .summary = "The journal, live",
       .doc =
           "A text/event-stream. Each event has its sequence number as id and its kind as event; "
           "Last-Event-ID goes on where a connection broke. Without `after`: from now on.",
       .query =
           {FieldInfo{"after", integer_type(0, 9e18), "Only events with a greater seq"}.optional(),
            FieldInfo{"run", uuid_type(), "Only of this run"}.optional(),
            FieldInfo{"kinds", string_type(1000), "Only of these kinds, comma between"}.optional()},
       .headers =
           {FieldInfo{"Last-Event-ID", string_type(20), "As EventSource sends it"}.optional()},
       .response_type = "text/event-stream",
       .handle = [context, slots](const Call& call) {
         return get_events(*context, *slots, call);
       }});
  list.push_back({.method = "POST",
                  .pattern = "/api/v1/events",
                  .id = "publishEvents",
                  .tag = "events",
                  .summary = "Hand in CloudEvents 1.0",
                  .doc = "In binary, structured or batch mode. Starts the DAGs whose `on: event` "
                         "matches, and wakes tasks "
                         "that wait for the type. The same source and id count once for ever.",
                  .body_kind = Endpoint::Body::raw,
                  .body_types = {"application/cloudevents+json",
                                 "application/cloudevents-batch+json", "application/json"},
                  .also = {202},
                  .response = TypeOf<std::vector<ReceivedEventView>>::info(),
                  .handle = [context](const Call& call) { return post_events(*context, call); }});
  return list;
}

}  // namespace millrace::api
