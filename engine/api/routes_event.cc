// /api/v1/events: the journal as it grows (GET, server-sent events), and CloudEvents from outside
// (POST).
#include <algorithm>

#include "engine/api/cloud_event.h"
#include "engine/api/context.h"
#include "engine/api/event_stream.h"
#include "engine/api/views_model.h"
#include "engine/follow/event_view.h"

namespace millrace::api {
namespace {

/// Between looks at the journal, until the ring takes over.
constexpr std::chrono::milliseconds kNotYet{50};

/// The journal from a place on.
class JournalStream {
 public:
  JournalStream(Context& context, std::shared_ptr<follow::LiveView> view,
                std::shared_ptr<void> slot)
      : view_(std::move(view)),
        slot_(std::move(slot)),
        heartbeat_(context.config.heartbeat, context.clock),
        patience_(context.config.heartbeat) {}

  http::Piece next() {
    auto step = view_->next();
    if (!step) return {.text = {}, .end = true};  // the client comes back with Last-Event-ID
    const auto pause = step->again    ? std::chrono::milliseconds{0}
                       : step->behind ? kNotYet
                                      : patience_;
    return heartbeat_.piece(std::move(step->text), pause);
  }

 private:
  const std::shared_ptr<follow::LiveView> view_;
  const std::shared_ptr<void> slot_;
  Heartbeat heartbeat_;
  const std::chrono::milliseconds patience_;
};

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
  std::int64_t after = resume_after(call);
  if (after < 0 && !call.query("after").is_null()) after = call.query("after").as_int();
  if (after < 0) {
    MR_TRY(after, context.stores.journal.last_seq());
  }
  std::optional<Uuid> run;
  if (call.query("run").is_string()) run = *Uuid::parse(call.query("run").as_view());
  const auto kinds = split_commas(call.query("kinds").as_view());
  auto slot = slots.take();
  if (!slot) return too_many_streams();
  auto wake = std::make_shared<http::Wake>();
  auto view = context.feed.watch({run, kinds}, after, [wake] { wake->notify(); });
  auto stream = std::make_shared<JournalStream>(context, std::move(view), std::move(slot));
  Reply reply;
  reply.raw = stream_response(wake, [stream] { return stream->next(); });
  return reply;
}

Command command_of(Context& context, const Call& call, const CloudEvent& event) {
  auto command = context.make_command(PublishEvent{event.type, event.json}, call,
                                      namespace_of(call), "CloudEvent from " + event.source);
  command.idempotency_key = idempotency_key_of(event);
  return command;
}

Result<ReceivedEventView> view_of(const CloudEvent& event, const Submitted& submitted) {
  MR_TRY(const auto answer, Context::answer_of<PublishEvent>(submitted));
  ReceivedEventView view{event.source, event.id, submitted.repeated, submitted.answer.has_value(),
                         {},           {}};
  if (!answer) return view;
  view.runs = answer->runs;
  for (const auto& dag : answer->not_started) view.not_started.push_back({dag.dag, dag.reason});
  return view;
}

Result<Reply> post_events(Context& context, const Call& call) {
  MR_TRY(const auto events, read_cloud_events(call.request()));
  std::vector<Command> commands;
  for (const auto& event : events) commands.push_back(command_of(context, call, event));
  return context.submit(std::move(commands),
                        [events](const std::vector<Submitted>& submitted) -> Result<Reply> {
                          std::vector<ReceivedEventView> views;
                          bool handled = true;
                          for (std::size_t i = 0; i < submitted.size(); ++i) {
                            MR_TRY(auto view, view_of(events[i], submitted[i]));
                            handled = handled && view.handled;
                            views.push_back(std::move(view));
                          }
                          auto reply = reply_of(views);
                          reply.status = handled ? 200 : 202;
                          return reply;
                        });
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
           "A text/event-stream of StreamEvent. Each event has its sequence number as id and its "
           "kind as event; Last-Event-ID goes on where a connection broke. Without `after`: from "
           "now on. A client that reads more slowly than events come gets `lost` with the range "
           "that it missed, and then what comes from there on; `after` reads the range from the "
           "journal.",
       .query =
           {FieldInfo{"after", integer_type(0, 9e18), "Only events with a greater seq"}.optional(),
            FieldInfo{"run", uuid_type(), "Only of this run"}.optional(),
            FieldInfo{"kinds", string_type(1000), "Only of these kinds, comma between"}.optional()},
       .headers =
           {FieldInfo{"Last-Event-ID", string_type(20), "As EventSource sends it"}.optional()},
       .response_type = "text/event-stream",
       .events = type_info<follow::StreamEvent>(),
       .handle = [context, slots](const Call& call) {
         return get_events(*context, *slots, call);
       }});
  list.push_back(
      {.method = "POST",
       .pattern = "/api/v1/events",
       .id = "publishEvents",
       .tag = "events",
       .summary = "Publish CloudEvents 1.0",
       .doc = "In binary, structured or batch mode. Starts the DAGs whose `on: event` "
              "matches. The same source and id count once in a namespace. A body in binary "
              "mode that is no text arrives as `data_base64`. OPTIONS answers the handshake of "
              "CloudEvents webhooks.",
       .query = {namespace_in_query("Namespace of the DAGs that it starts")},
       .body_kind = Endpoint::Body::raw,
       .body_types = {"application/cloudevents+json", "application/cloudevents-batch+json",
                      "application/json"},
       .also = {202},
       .response = type_info<std::vector<ReceivedEventView>>(),
       .handle = [context](const Call& call) { return post_events(*context, call); }});
  return list;
}

}  // namespace millrace::api
