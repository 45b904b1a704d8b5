// The requests and responses that the HTTP server and its handlers exchange. Plain data.
//
// A handler that cannot answer yet returns a response with `later`, one whose body is made piece by
// piece returns one with `stream`. Neither holds a thread while there is nothing to do: the server
// asks again when the Wake is notified or the time is over.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/mutex.h"

namespace millrace::http {

using NameValues = std::vector<std::pair<std::string, std::string>>;

struct HttpRequest {
  std::string method;                 // upper case; HEAD arrives as GET
  std::string path;                   // raw, as sent: still percent-encoded, without the query
  std::vector<std::string> segments;  // of the path, split at '/', then decoded
  NameValues query;                   // decoded, in the order sent
  NameValues headers;                 // names in lower case
  std::string body;
  std::string request_id;
  std::string trace_id;  // of a valid traceparent; else ""

  /// The first header of that name (in any case), or "".
  std::string_view header(std::string_view name) const;
  /// The first query parameter of that name, or "".
  std::string_view query_value(std::string_view name) const;
};

/// "Look again", from any thread to the server of one parked response. A notification that comes
/// before the server listens is kept.
class Wake {
 public:
  void notify();
  /// For the server: `target` must be brief. An empty one detaches.
  void attach(std::function<void()> target);

 private:
  Mutex mutex_;
  std::function<void()> target_ GUARDED_BY(mutex_);
  bool missed_ GUARDED_BY(mutex_) = false;
};

/// The next piece of a streamed body.
struct Piece {
  std::string text{};
  bool end = false;
  /// Without text: when to ask again if nothing wakes the stream before.
  std::chrono::milliseconds pause{1'000};
};

struct BodyStream {
  std::shared_ptr<Wake> wake;
  /// Asked when the piece before is written: by one thread at a time, never while it still runs.
  std::function<Piece()> next;
};

struct HttpResponse;

struct Later {
  std::shared_ptr<Wake> wake;
  std::chrono::milliseconds patience{};
  /// Also looks this often, for what wakes nothing; 0: only when woken.
  std::chrono::milliseconds look_every{0};
  /// The response, or nullopt: not yet. Must give one when it is `over`: the time has passed, the
  /// peer has gone or the server stops. By one thread at a time.
  std::function<std::optional<HttpResponse>(bool over)> look;
};

struct HttpResponse {
  int status = 200;
  std::string content_type = "application/json";
  std::string body{};
  NameValues headers{};
  std::shared_ptr<Later> later{};        // if set, the rest of this is not looked at
  std::shared_ptr<BodyStream> stream{};  // if set, instead of `body`
};

/// Why a request never reaches the handler.
struct Refusal {
  int status = 400;
  std::string code = "invalid_argument";  // a name of ErrorTraits
  std::string detail;
};

/// ASCII letters in lower case.
std::string in_lower_case(std::string_view text);
/// Two names of headers: ASCII letters in any case.
bool same_name(std::string_view a, std::string_view b);
/// Without blanks and line ends around it.
std::string_view trim(std::string_view text);
/// The reason phrase of a status, e.g. "Not Found".
std::string_view reason_of(int status);

}  // namespace millrace::http
