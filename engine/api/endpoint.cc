#include "engine/api/endpoint.h"

#include <algorithm>

#include "engine/api/check_request.h"
#include "engine/base/suggest.h"

namespace millrace::api {
namespace {

std::vector<std::string_view> segments_of(std::string_view path) {
  std::vector<std::string_view> parts;
  if (path.starts_with('/')) path.remove_prefix(1);
  for (;;) {
    const auto slash = path.find('/');
    parts.push_back(path.substr(0, slash));
    if (slash == std::string_view::npos) return parts;
    path.remove_prefix(slash + 1);
  }
}

bool is_variable(std::string_view segment) { return segment.starts_with('{'); }

/// The raw texts of the path's variables, if the path is of this pattern.
std::optional<std::vector<std::string>> match(std::string_view pattern, std::string_view path) {
  const auto wanted = segments_of(pattern), given = segments_of(path);
  if (wanted.size() != given.size()) return std::nullopt;
  std::vector<std::string> values;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (!is_variable(wanted[i])) {
      if (wanted[i] != given[i]) return std::nullopt;
    } else if (given[i].empty()) {
      return std::nullopt;
    } else {
      values.push_back(percent_decode(given[i]));
    }
  }
  return values;
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

Json read_query(const Endpoint& endpoint, const NameValues& given,
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

HttpResponse finish(const Endpoint& endpoint, const HttpRequest& request, Reply&& reply);

/// What problems say of a request, without its body and headers.
HttpRequest outline(const HttpRequest& request) {
  HttpRequest out;
  out.method = request.method;
  out.path = request.path;
  out.request_id = request.request_id;
  out.trace_id = request.trace_id;
  return out;
}

/// The endpoint belongs to the router, which outlives the server.
HttpResponse finish_later(const Endpoint& endpoint, const HttpRequest& request,
                          const std::shared_ptr<LaterReply>& later) {
  HttpResponse response;
  response.later = std::make_shared<http::Later>();
  response.later->wake = later->wake;
  response.later->patience = later->patience;
  response.later->look = [&endpoint, later,
                          asked = outline(request)](bool over) -> std::optional<HttpResponse> {
    auto reply = later->look(over);
    if (!reply) return respond(Problem::of(reply.error()), asked);
    if (!*reply) return std::nullopt;
    return finish(endpoint, asked, *std::move(*reply));
  };
  return response;
}

HttpResponse finish(const Endpoint& endpoint, const HttpRequest& request, Reply&& reply) {
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

HttpResponse call(const Endpoint& endpoint, const std::vector<std::string>& path_texts,
                  const HttpRequest& request) {
  std::vector<Problem::Item> problems;
  Json path = read_path(endpoint, path_texts, problems);
  Json query = read_query(endpoint, request.query, problems);
  Json body = read_body(endpoint, request, problems);
  if (!problems.empty()) return respond(Problem::invalid(std::move(problems)), request);

  auto reply = endpoint.handle(Call(request, std::move(path), std::move(query), std::move(body)));
  if (!reply) return respond(Problem::of(reply.error()), request);
  return finish(endpoint, request, *std::move(reply));
}

}  // namespace

Router::Router(std::vector<Endpoint> endpoints) : endpoints_(std::move(endpoints)) {}

std::optional<HttpResponse> Router::answer(const HttpRequest& request) const {
  std::string allowed;
  for (const auto& endpoint : endpoints_) {
    const auto path_texts = match(endpoint.pattern, request.path);
    if (!path_texts) continue;
    if (endpoint.method == request.method) return call(endpoint, *path_texts, request);
    allowed += (allowed.empty() ? "" : ", ") + endpoint.method;
  }
  if (allowed.empty()) return std::nullopt;
  auto response =
      respond(Problem::make(405, "invalid_argument",
                            request.method + " is not offered here; " + allowed + " is."),
              request);
  response.headers.emplace_back("Allow", allowed);
  return response;
}

}  // namespace millrace::api
