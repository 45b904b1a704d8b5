// Endpoint: the declaration of one operation of a server, as a value. Routing, validation, the
// OpenAPI document, the dashboard's client and the reference page all use this declaration.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/record_schema.h"
#include "engine/http/problem.h"

namespace millrace::http {

/// A request that has been routed and validated. A value that was not sent has its default, or is
/// null without a default. Valid during the call of the handler.
class Call {
 public:
  Call(const HttpRequest& request, Json path, Json query, Json body)
      : request_(request),
        path_(std::move(path)),
        query_(std::move(query)),
        body_(std::move(body)) {}

  std::string path(std::string_view name) const { return path_[name].as_string(); }
  /// null if the endpoint's path has no such part.
  const Json& path_value(std::string_view name) const { return path_[name]; }
  /// REQUIRES: declared as a uuid.
  Uuid uuid(std::string_view name) const { return *Uuid::parse(path_[name].as_view()); }
  const Json& query(std::string_view name) const { return query_[name]; }
  /// REQUIRES: declared as body_fields<T>().
  template <typename T>
  Result<T> body() const {
    return read_record<T>(body_);
  }
  const HttpRequest& request() const { return request_; }
  std::string_view header(std::string_view name) const { return request_.header(name); }

 private:
  const HttpRequest& request_;
  Json path_, query_, body_;
};

struct LaterReply;

/// The JSON of a response with the endpoint's status, unless other members are set.
struct Reply {
  std::string json;
  int status = 0;                   // 0: the endpoint's `status`
  std::optional<HttpResponse> raw;  // instead of json
  std::optional<Problem> problem;   // instead of json: an error with several items
  NameValues headers;
  std::shared_ptr<LaterReply> later;  // if set, the other members are ignored
};

/// A reply that has to wait for something. The members are those of Later (message.h).
struct LaterReply {
  std::shared_ptr<Wake> wake;
  std::chrono::milliseconds patience{};
  std::chrono::milliseconds look_every{0};
  std::function<Result<std::optional<Reply>>(bool over)> look;
};

struct Endpoint {
  enum class Body { none, json, raw };  // raw: the handler reads request().body itself

  std::string method{};
  std::string pattern{};  // "/api/v1/runs/{run}"
  std::string id{};       // name of the operation in OpenAPI and TypeScript, e.g. "getRun"
  std::string tag{};      // "runs"
  std::string summary{};
  std::string doc{};
  std::vector<FieldInfo> path{};  // the parts in {braces}, in order
  std::vector<FieldInfo> query{};
  std::vector<FieldInfo> headers{};  // only of this endpoint; for documents only
  Body body_kind = Body::none;
  std::vector<FieldInfo> body{};
  std::vector<std::string> body_types{};  // content types of a raw body
  int status = 200;
  std::vector<int> also{};             // other statuses of success
  std::optional<TypeInfo> response{};  // nullopt: not JSON of a known type; see `response_type`
  std::string response_type = "application/json";
  std::optional<TypeInfo> events{};  // type of `data` in a text/event-stream
  std::function<Result<Reply>(const Call&)> handle{};
  /// Instead of `handle`, for a hot path: the handler validates path, query and body itself.
  std::function<HttpResponse(const HttpRequest&)> direct{};
};

struct RouterStyle {
  std::function<HttpResponse(const Problem&, const HttpRequest&)> respond = http::respond;
  /// If true, ignores a slash at the end of the path, and query parameters and bodies that the
  /// endpoint does not declare.
  bool lenient = false;
};

/// Immutable after construction; thread-safe.
class Router {
 public:
  explicit Router(std::vector<Endpoint> endpoints, RouterStyle style = {});

  /// Finds the endpoint by the segments of the path. nullopt: no endpoint has this path. Only
  /// handlers may throw.
  std::optional<HttpResponse> answer(const HttpRequest& request) const;
  std::span<const Endpoint> endpoints() const { return endpoints_; }

 private:
  HttpResponse call(const Endpoint& endpoint, const HttpRequest& request) const;
  HttpResponse finish(const Endpoint& endpoint, const HttpRequest& request, Reply&& reply) const;
  HttpResponse finish_later(const Endpoint& endpoint, const HttpRequest& request,
                            const std::shared_ptr<LaterReply>& later) const;

  std::vector<Endpoint> endpoints_;
  /// The segments of each endpoint's pattern; "" for a part in braces.
  std::vector<std::vector<std::string>> segments_;
  RouterStyle style_;
};

}  // namespace millrace::http
