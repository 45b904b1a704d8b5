#include "engine/api/problem.h"

#include <array>

namespace millrace::api {
namespace {

constexpr std::array<std::pair<int, std::string_view>, 22> kReasons = {{
    {400, "Bad Request"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {411, "Length Required"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {416, "Range Not Satisfiable"},
    {417, "Expectation Failed"},
    {421, "Misdirected Request"},
    {422, "Unprocessable Content"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
}};

}  // namespace

std::string_view reason_of(int status) {
  for (const auto& [code, reason] : kReasons)
    if (code == status) return reason;
  return status < 400 ? "OK" : "Error";
}

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

}  // namespace millrace::api
