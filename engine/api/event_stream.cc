#include "engine/api/event_stream.h"

#include <algorithm>
#include <charconv>

namespace millrace::api {

Heartbeat::Heartbeat(std::chrono::milliseconds every, const Clock& clock)
    : every_(every), clock_(clock), last_(clock.steady()) {}

http::Piece Heartbeat::piece(std::string text, std::chrono::milliseconds pause) {
  const auto now = clock_.steady();
  if (!opened_) text.insert(0, "retry: 1000\n\n");
  opened_ = true;
  if (text.empty() && now - last_ >= every_) text = ": still here\n\n";
  if (!text.empty()) last_ = now;
  const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(last_ + every_ - now);
  return {.text = std::move(text),
          .end = false,
          .pause = std::clamp(left, std::chrono::milliseconds{0}, pause)};
}

std::string event_lines(std::string_view event, std::string_view id, std::string_view data) {
  std::string text;
  if (!event.empty()) text.append("event: ").append(event).append("\n");
  if (!id.empty()) text.append("id: ").append(id).append("\n");
  text.append("data: ").append(data).append("\n\n");
  return text;
}

HttpResponse stream_response(std::shared_ptr<http::Wake> wake, std::function<http::Piece()> next) {
  HttpResponse response;
  response.content_type = "text/event-stream";
  response.headers = {{"Cache-Control", "no-cache, no-transform"}, {"X-Accel-Buffering", "no"}};
  response.stream = std::make_shared<http::BodyStream>();
  response.stream->wake = std::move(wake);
  response.stream->next = std::move(next);
  return response;
}

std::int64_t resume_after(const Call& call) {
  const auto text = call.header("last-event-id");
  std::int64_t number = -1;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  return failure == std::errc{} && end == text.data() + text.size() && number >= 0 ? number : -1;
}

}  // namespace millrace::api
