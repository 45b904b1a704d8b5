// Server-sent events (WHATWG HTML, section 9.2), with comments while there is nothing to say, so
// that proxies and both ends see that the other is there.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "engine/api/http.h"
#include "engine/base/clock.h"
#include "engine/http/endpoint.h"

namespace millrace::api {

/// Makes the pieces of one stream out of its texts. Used by one thread at a time.
class Heartbeat {
 public:
  Heartbeat(std::chrono::milliseconds every, const Clock& clock);

  /// The text, or a comment if nothing was sent for long. Without one the stream is asked again
  /// after `pause`, or when the next comment is due.
  http::Piece piece(std::string text, std::chrono::milliseconds pause);

 private:
  const std::chrono::milliseconds every_;
  const Clock& clock_;
  std::chrono::steady_clock::time_point last_;
  bool opened_ = false;
};

/// `event` and `id` may be empty; `data` is one line.
std::string event_lines(std::string_view event, std::string_view id, std::string_view data);
HttpResponse stream_response(std::shared_ptr<http::Wake> wake, std::function<http::Piece()> next);
/// The number in the Last-Event-ID header; -1 without one.
std::int64_t resume_after(const Call& call);

}  // namespace millrace::api
