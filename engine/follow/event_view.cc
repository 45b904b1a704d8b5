#include "engine/follow/event_view.h"

namespace millrace::follow {

ErrorView error_view(const Error& error) {
  ErrorView view{.code = std::string(traits(error.code).name),
                 .message = error.message,
                 .where = error.where,
                 .transient = error.transient(),
                 .permanent = error.permanent,
                 .out_of_memory = error.out_of_memory,
                 .exit_code = error.exit_code,
                 .signal = error.signal,
                 .retry_after_ms = {}};
  if (error.retry_after) view.retry_after_ms = error.retry_after->count();
  return view;
}

void append_view(std::string& out, const Event& event, const DagNames& names) {
  std::visit(
      [&]<typename Body>(const Body& body) {
        append_record<JsonStyle::shown>(out, EventView<Body>{{&event, &names}, &body});
      },
      event.body);
}

void append_event_text(std::string& out, const Event& event, const DagNames& names) {
  out.append("event: ").append(kind_of(event.body));
  out.append("\nid: ").append(std::to_string(event.seq)).append("\ndata: ");
  append_view(out, event, names);
  out.append("\n\n");
}

std::string lost_text(const EventsLost& lost) {
  std::string out("event: lost\nid: ");
  out.append(std::to_string(lost.last_seq)).append("\ndata: ");
  append_record<JsonStyle::shown>(out, lost);
  out.append("\n\n");
  return out;
}

}  // namespace millrace::follow
