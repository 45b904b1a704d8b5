#include "engine/http/problem.h"

namespace millrace::http {
namespace {

/// An error that belongs to one field says so in `where`.
bool names_a_field(const Error& error) {
  return error.code == ErrorCode::invalid_argument &&
         (error.where.starts_with('?') || error.where.starts_with('/') ||
          error.where.starts_with('{') || error.where == "Idempotency-Key");
}

}  // namespace

std::string field_name(std::string_view pointer) {
  std::string name;
  for (const char c : pointer) {
    if (c == '/' && !name.empty()) name += '.';
    if (c != '/' && c != '{' && c != '}' && c != '?') name += c;
  }
  return name;
}

Problem Problem::make(int status, std::string_view code, std::string detail) {
  Problem problem;
  problem.status = status;
  problem.code = code;
  problem.detail = std::move(detail);
  return problem;
}

Problem Problem::of(const Error& error) {
  if (names_a_field(error)) return invalid({{error.where, error.message}});
  const auto& row = traits(error.code);
  if (error.code == ErrorCode::internal)
    return make(500, row.name,
                "Something went wrong inside; the server's log has it under this request id.");
  return make(row.http_status, row.name, error.to_string());
}

Problem Problem::invalid(std::vector<Item> errors) {
  Problem problem = make(400, "invalid_argument", "");
  if (errors.size() == 1) {
    const std::string name = field_name(errors.front().pointer);
    problem.detail = (name.empty() ? "" : name + ": ") + errors.front().detail;
  } else {
    problem.detail = std::to_string(errors.size()) + " fields of this request are wrong";
  }
  problem.errors = std::move(errors);
  return problem;
}

Json to_json(const Problem& problem, const HttpRequest& request) {
  Json json = Json::object({{"type", "urn:millrace:problem:" + problem.code},
                            {"title", reason_of(problem.status)},
                            {"status", problem.status},
                            {"detail", problem.detail},
                            {"instance", request.path},
                            {"request_id", request.request_id}});
  if (problem.errors.empty()) return json;
  Json items = Json::array();
  for (const auto& item : problem.errors)
    items.push_back(Json::object({{"pointer", item.pointer}, {"detail", item.detail}}));
  json.set("errors", std::move(items));
  return json;
}

HttpResponse respond(const Problem& problem, const HttpRequest& request) {
  HttpResponse response;
  response.status = problem.status;
  response.content_type = kProblemType;
  response.body = to_json(problem, request).dump();
  if (problem.status == 503 || problem.status == 429)
    response.headers.emplace_back("Retry-After", "1");
  return response;
}

}  // namespace millrace::http
