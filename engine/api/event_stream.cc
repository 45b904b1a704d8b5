#include "engine/api/event_stream.h"

#include <charconv>

namespace millrace::api {

EventStream::EventStream(HttpStream& to, std::chrono::milliseconds heartbeat, const Clock& clock)
    : to_(to), heartbeat_(heartbeat), clock_(clock), last_(clock.steady()) {
  write("retry: 1000\n\n");
}

void EventStream::write(std::string_view text) {
  alive_ = alive_ && to_.write(text);
  last_ = clock_.steady();
}

void EventStream::send(std::string_view event, std::string_view id, std::string_view data) {
  std::string text;
  if (!event.empty()) text.append("event: ").append(event).append("\n");
  if (!id.empty()) text.append("id: ").append(id).append("\n");
  text.append("data: ").append(data).append("\n\n");
  write(text);
}

void EventStream::idle() {
  if (clock_.steady() - last_ >= heartbeat_) write(": still here\n\n");
}

HttpResponse EventStream::response(std::function<void(HttpStream&)> stream) {
  HttpResponse response;
  response.content_type = "text/event-stream";
  response.headers = {{"Cache-Control", "no-cache, no-transform"}, {"X-Accel-Buffering", "no"}};
  response.stream = std::move(stream);
  return response;
}

std::int64_t EventStream::resume_after(const Call& call) {
  const auto text = call.header("last-event-id");
  std::int64_t number = -1;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  return failure == std::errc{} && end == text.data() + text.size() && number >= 0 ? number : -1;
}

}  // namespace millrace::api
