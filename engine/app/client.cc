#include "engine/app/client.h"

#include <cctype>

#include "operators/data/http_client.h"

namespace millrace {
namespace {

/// RFC 9457 problem+json into an Error.
Error problem(int status, const std::string& body) {
  const auto json = Json::parse(body);
  std::string detail = body.substr(0, 300);
  if (json) {
    detail = (*json)["detail"].as_string((*json)["title"].as_view());
    for (const auto& each : (*json)["errors"].items())
      detail += "\n  " + each["pointer"].as_string() + " " + each["detail"].as_string();
  }
  if (status == 404) return not_found(detail);
  if (status == 409) return conflict(detail);
  if (status == 503 || status == 504) return unavailable(detail);
  return make_error(status >= 500 ? ErrorCode::internal : ErrorCode::invalid_argument, detail);
}

}  // namespace

std::string url_encode(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (std::isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_' || c == '.' ||
        c == '~') {
      out += c;
      continue;
    }
    out += '%';
    out += "0123456789ABCDEF"[static_cast<unsigned char>(c) >> 4];
    out += "0123456789ABCDEF"[c & 15];
  }
  return out;
}

Result<std::string> Client::send(std::string_view method, std::string_view path, std::string body,
                                 std::vector<std::pair<std::string, std::string>> headers) const {
  HttpRequest request;
  request.method = method;
  request.url = base_ + std::string(path);
  request.body = std::move(body);
  request.headers = std::move(headers);
  auto response = http_send(request, [] { return false; });
  if (!response)
    return unavailable(response.error().message +
                       "; is the engine running? 'millrace up' starts one");
  if (response->status >= 400) return problem(response->status, response->body);
  return std::move(response->body);
}

Result<Json> Client::get(std::string_view path) const {
  MR_TRY(const std::string body, get_text(path));
  return Json::parse(body);
}

Result<std::string> Client::get_text(std::string_view path) const {
  return send("GET", path, {}, {});
}

Result<Json> Client::post(std::string_view path, const Json& body,
                          const std::vector<std::pair<std::string, std::string>>& headers) const {
  auto all = headers;
  all.emplace_back("Content-Type", "application/json");
  MR_TRY(const std::string answer, send("POST", path, body.dump(), std::move(all)));
  if (answer.empty()) return Json::object();
  return Json::parse(answer);
}

}  // namespace millrace
