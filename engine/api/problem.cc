#include "engine/api/problem.h"

namespace millrace::api {

Problem Problem::make(int status, std::string_view code, std::string detail) {
  Problem problem;
  problem.status = status;
  problem.code = code;
  problem.detail = std::move(detail);
  return problem;
}

Problem Problem::of(const Error& error) {
  const auto& row = traits(error.code);
  if (error.code == ErrorCode::internal)
    return make(500, row.name,
                "Something went wrong inside; the server's log has it under this request id.");
  return make(row.http_status, row.name, error.to_string());
}

Problem Problem::invalid(std::vector<Item> errors) {
  Problem problem = make(400, "invalid_argument", "");
  problem.detail = errors.size() == 1
                       ? errors.front().pointer + ": " + errors.front().detail
                       : std::to_string(errors.size()) + " things are wrong with this request";
  problem.errors = std::move(errors);
  return problem;
}

Json to_json(const Problem& problem, const HttpRequest& request) {
  Json json = Json::object({{"type", "urn:millrace:problem:" + problem.code},
                            {"title", http::reason_of(problem.status)},
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

}  // namespace millrace::api
