#include "engine/app/api_client.h"

#include <algorithm>

#include "engine/http/problem.h"

namespace millrace {
namespace {

/// RFC 9457 problem+json into an Error.
Error problem(int status, const std::string& body) {
  const auto json = Json::parse(body);
  std::string detail = body.substr(0, 300);
  if (json) {
    detail = (*json)["detail"].as_string((*json)["title"].as_view());
    // Of a single one, the detail says all of it.
    const Json& errors = (*json)["errors"];
    for (const auto& each : errors.items())
      if (errors.size() > 1)
        detail += "\n  " + http::field_name(each["pointer"].as_view()) + ": " +
                  each["detail"].as_string();
  }
  if (status == 404) return not_found(detail);
  if (status == 409) return conflict(detail);
  if (status == 503 || status == 504) return unavailable(detail);
  return make_error(status >= 500 ? ErrorCode::internal : ErrorCode::invalid_argument, detail);
}

}  // namespace

std::string next_link(std::string_view header) {
  while (!header.empty()) {
    const auto open = header.find('<'), close = header.find('>', open);
    if (open == header.npos || close == header.npos) return {};
    const std::string_view target = header.substr(open + 1, close - open - 1);
    const auto end = std::min(header.find('<', close), header.size());
    const std::string_view params = header.substr(close + 1, end - close - 1);
    if (params.find("rel=\"next\"") != params.npos || params.find("rel=next") != params.npos)
      return std::string(target);
    header.remove_prefix(end);
  }
  return {};
}

Result<http::ClientResponse> ApiClient::send(
    std::string_view method, std::string_view path, std::string body,
    std::vector<std::pair<std::string, std::string>> headers, bool (*cancelled)()) const {
  http::ClientRequest request;
  request.method = method;
  request.url = base_ + std::string(path);
  request.body = std::move(body);
  request.headers = std::move(headers);
  request.ca_file = ca_file_;
  request.timeout = timeout_;
  auto response = http::send(request, cancelled);
  const bool may_be_down =
      !response && (response.error().transient() || response.error().code == ErrorCode::timeout);
  if (!response && !may_be_down) return response.error();
  if (!response)
    return unavailable(response.error().message +
                       "; is the engine running? 'millrace up' starts one");
  if (response->status >= 400) return problem(response->status, response->body);
  return response;
}

Result<Json> ApiClient::get(std::string_view path, bool (*cancelled)()) const {
  MR_TRY(const auto answer, send("GET", path, {}, {}, cancelled));
  return Json::parse(answer.body);
}

Result<http::ClientResponse> ApiClient::get_text(std::string_view path, bool (*cancelled)()) const {
  return send("GET", path, {}, {}, cancelled);
}

Result<Json> ApiClient::get_list(std::string path) const {
  Json all = Json::array();
  while (!path.empty()) {
    MR_TRY(const auto answer, send("GET", path, {}, {}));
    MR_TRY(const Json page, Json::parse(answer.body));
    if (!page.is_array()) return internal_error("'" + path + "' is no list");
    for (const Json& item : page.items()) all.push_back(item);
    // A page that is empty or names itself would never end.
    std::string next = next_link(answer.header("link"));
    if (page.size() == 0 || next == path) break;
    path = std::move(next);
  }
  return all;
}

Result<Json> ApiClient::post(
    std::string_view path, const Json& body,
    const std::vector<std::pair<std::string, std::string>>& headers) const {
  auto all = headers;
  all.emplace_back("Content-Type", "application/json");
  MR_TRY(const auto answer, send("POST", path, body.dump(), std::move(all)));
  if (answer.body.empty()) return Json::object();
  return Json::parse(answer.body);
}

}  // namespace millrace
