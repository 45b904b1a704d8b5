// V2Calls: what the operations of V2 do. v2_endpoints.cc declares them. Thread-safe. Internal to
// this module.
#pragma once

#include <memory>
#include <string_view>

#include "engine/http/endpoint.h"
#include "engine/serve/inference.h"
#include "engine/serve/v2.h"

namespace millrace::serve {

class V2Calls {
 public:
  explicit V2Calls(V2Parts parts) : parts_(parts) {}

  /// The whole operation: its time counts, so that nothing is judged twice.
  HttpResponse infer(const HttpRequest& request) const;
  Result<http::Reply> metadata(const http::Call& call) const;
  Result<http::Reply> model_ready(const http::Call& call) const;
  Result<http::Reply> outcomes(const http::Call& call) const;
  Result<http::Reply> stats(const http::Call& call) const;
  Result<http::Reply> index(const http::Call& call) const;
  Result<http::Reply> ready(const http::Call& call) const;
  Result<http::Reply> metrics(const http::Call& call) const;

 private:
  struct Target {  // of a path under /v2/models/{model}
    std::shared_ptr<const Route> route;
    ServedModelPtr pinned;  // null without a version

    /// Whose inputs and outputs a request has to have.
    const ServedModel& contract() const {
      return pinned ? *pinned : route->champion ? *route->champion : *route->candidate;
    }
  };
  Result<Target> target(std::string_view model) const;
  Result<Target> target(std::string_view model, int version) const;
  Result<Target> target_of(const http::Call& call) const;
  Result<Target> target_of(const HttpRequest& request) const;
  Result<HttpResponse> inferred(const HttpRequest& request) const;
  Result<HttpResponse> when_there_is_room(const HttpRequest& request) const;

  const V2Parts parts_;
};

/// {"error": text}, with Retry-After where asking again may help.
HttpResponse error_response(int status, std::string_view text);

}  // namespace millrace::serve
