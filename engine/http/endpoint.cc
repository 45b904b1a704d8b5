#include "engine/http/endpoint.h"

#include <algorithm>

#include "engine/base/suggest.h"
#include "engine/http/check_request.h"

namespace millrace::http {
namespace {

/// "/api/v1/runs/{run}" → "api", "v1", "runs", ""
std::vector<std::string> segments_of(std::string_view pattern) {
  std::vector<std::string> parts;
  while (!pattern.empty()) {
    pattern.remove_prefix(1);
    const std::string_view part = pattern.substr(0, pattern.find('/'));
    parts.emplace_back(part.starts_with('{') ? std::string_view() : part);
    pattern.remove_prefix(part.size());
  }
  return parts;
}

bool matches(const std::vector<std::string>& wanted, const std::vector<std::string>& given) {
  if (wanted.size() != given.size()) return false;
  for (std::size_t i = 0; i < wanted.size(); ++i)
    if (wanted[i].empty() ? given[i].empty() : wanted[i] != given[i]) return false;
  return true;
}

/// The texts of the parts in braces.
std::vector<std::string> texts_of(const std::vector<std::string>& wanted,
                                  const std::vector<std::string>& given) {
  std::vector<std::string> texts;
  for (std::size_t i = 0; i < wanted.size(); ++i)
    if (wanted[i].empty()) texts.push_back(given[i]);
  return texts;
}

Json read_path(const Endpoint& endpoint, const std::vector<std::string>& texts,
               std::vector<Problem::Item>& problems) {
  Json values = Json::object();
  for (std::size_t i = 0; i < texts.size(); ++i) {
    const auto& field = endpoint.path[i];
    if (auto value = parse_text(field.type, texts[i]))
      values.set(field.name, *std::move(value));
    else
      problems.push_back({"{" + field.name + "}", value.error().message});
  }
  return values;
}

Json read_query(const Endpoint& endpoint, const NameValues& given, bool lenient,
                std::vector<Problem::Item>& problems) {
  Json values = Json::object();
  std::vector<std::string> names;
  for (const auto& field : endpoint.query) {
    names.push_back(field.name);
    values.set(field.name, field.default_value);
  }
  std::vector<std::string> seen;
  for (const auto& [name, text] : given) {
    const auto at = std::find(names.begin(), names.end(), name);
    if (at == names.end()) {
      if (lenient) continue;
      problems.push_back(
          {"?" + name.substr(0, 80), "is not a parameter here" + did_you_mean(name, names)});
    } else if (std::find(seen.begin(), seen.end(), name) != seen.end()) {
      problems.push_back({"?" + name, "is given twice"});
    } else if (auto value = parse_text(
                   endpoint.query[static_cast<std::size_t>(at - names.begin())].type, text)) {
      values.set(name, *std::move(value));
    } else {
      problems.push_back({"?" + name, value.error().message});
    }
    seen.push_back(name);
  }
  for (const auto& field : endpoint.query)
    if (field.required && std::find(seen.begin(), seen.end(), field.name) == seen.end())
      problems.push_back({"?" + field.name, "is required"});
  return values;
}

Json read_body(const Endpoint& endpoint, const HttpRequest& request,
               std::vector<Problem::Item>& problems) {
  if (endpoint.body_kind == Endpoint::Body::raw) return {};
  if (request.body.empty()) {
    for (auto& item : check_body(endpoint.body, Json::object()))
      problems.push_back(std::move(item));
    return Json::object();
  }
  auto body = Json::parse(
      request.body, {.max_bytes = request.body.size(), .max_depth = 100, .unique_names = true});
  if (!body) {
    problems.push_back({"", "the body is not JSON: " + body.error().to_string()});
  } else if (!body->is_object()) {
    problems.push_back(
        {"", "the body must be an object, not " + std::string(type_name(body->type()))});
  } else {
    for (auto& item : check_body(endpoint.body, *body)) problems.push_back(std::move(item));
    return *std::move(body);
  }
  return {};
}

/// What problems say of a request, without its body and headers.
HttpRequest outline(const HttpRequest& request) {
  HttpRequest out;
  out.method = request.method;
  out.path = request.path;
  out.request_id = request.request_id;
  out.trace_id = request.trace_id;
  return out;
}

}  // namespace

Router::Router(std::vector<Endpoint> endpoints, RouterStyle style)
    : endpoints_(std::move(endpoints)), style_(std::move(style)) {
  for (const auto& endpoint : endpoints_) segments_.push_back(segments_of(endpoint.pattern));
}

/// The router outlives the server.
HttpResponse Router::finish_later(const Endpoint& endpoint, const HttpRequest& request,
                                  const std::shared_ptr<LaterReply>& later) const {
  HttpResponse response;
  response.later = std::make_shared<Later>();
  response.later->wake = later->wake;
  response.later->patience = later->patience;
  response.later->look_every = later->look_every;
  response.later->look = [this, &endpoint, later,
                          asked = outline(request)](bool over) -> std::optional<HttpResponse> {
    auto reply = later->look(over);
    if (!reply) return style_.respond(Problem::of(reply.error()), asked);
    if (!*reply) return std::nullopt;
    return finish(endpoint, asked, *std::move(*reply));
  };
  return response;
}

HttpResponse Router::finish(const Endpoint& endpoint, const HttpRequest& request,
                            Reply&& reply) const {
  if (reply.later) return finish_later(endpoint, request, reply.later);
  if (reply.problem) return respond(*reply.problem, request);
  HttpResponse response;
  if (reply.raw) {
    response = *std::move(reply.raw);
  } else {
    response.status = reply.status != 0 ? reply.status : endpoint.status;
    response.body = std::move(reply.json);
  }
  for (auto& header : reply.headers) response.headers.push_back(std::move(header));
  return response;
}

HttpResponse Router::call(const Endpoint& endpoint, const HttpRequest& request) const {
  const auto& wanted = segments_[static_cast<std::size_t>(&endpoint - endpoints_.data())];
  std::vector<Problem::Item> problems;
  Json path = read_path(endpoint, texts_of(wanted, request.segments), problems);
  Json query = read_query(endpoint, request.query, style_.lenient, problems);
  Json body;
  if (!style_.lenient || endpoint.body_kind != Endpoint::Body::none)
    body = read_body(endpoint, request, problems);
  if (!problems.empty()) return style_.respond(Problem::invalid(std::move(problems)), request);

  auto reply = endpoint.handle(Call(request, std::move(path), std::move(query), std::move(body)));
  if (!reply) return style_.respond(Problem::of(reply.error()), request);
  return finish(endpoint, request, *std::move(reply));
}

std::optional<HttpResponse> Router::answer(const HttpRequest& request) const {
  if (!style_.lenient && request.path.ends_with('/')) return std::nullopt;
  std::string allowed;
  for (std::size_t i = 0; i < endpoints_.size(); ++i) {
    if (!matches(segments_[i], request.segments)) continue;
    const Endpoint& endpoint = endpoints_[i];
    if (endpoint.method == request.method)
      return endpoint.direct ? endpoint.direct(request) : call(endpoint, request);
    allowed += (allowed.empty() ? "" : ", ") + endpoint.method;
  }
  if (allowed.empty()) return std::nullopt;
  auto response = style_.respond(
      Problem::make(405, "invalid_argument",
                    request.method.substr(0, 16) + " is not offered here; " + allowed + " is."),
      request);
  response.headers.emplace_back("Allow", allowed);
  return response;
}

}  // namespace millrace::http
