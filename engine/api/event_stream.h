// EventStream: server-sent events (WHATWG HTML, section 9.2) on an HttpStream, with comments while
// there is nothing to say, so that proxies and both ends see that the other is there. Used by one
// thread.
#pragma once

#include <chrono>
#include <functional>
#include <string_view>

#include "engine/api/endpoint.h"
#include "engine/api/http.h"
#include "engine/base/clock.h"

namespace millrace::api {

class EventStream {
 public:
  EventStream(HttpStream& to, std::chrono::milliseconds heartbeat, const Clock& clock);

  /// `event` and `id` may be empty; `data` is one line.
  void send(std::string_view event, std::string_view id, std::string_view data);
  /// Sends a comment if nothing was sent for a while.
  void idle();
  bool alive() const { return alive_ && to_.open(); }

  static HttpResponse response(std::function<void(HttpStream&)> stream);
  /// The number in the Last-Event-ID header; -1 without one.
  static std::int64_t resume_after(const Call& call);

 private:
  void write(std::string_view text);

  HttpStream& to_;
  const std::chrono::milliseconds heartbeat_;
  const Clock& clock_;
  std::chrono::steady_clock::time_point last_;
  bool alive_ = true;
};

}  // namespace millrace::api
