// The documents that follow from the endpoints' declarations: OpenAPI 3.1, the TypeScript client,
// docs/api.md.
#include <map>
#include <set>

#include "engine/api/context.h"
#include "engine/api/views_model.h"
#include "engine/http/openapi.h"

namespace millrace::api {
namespace {

Json problem_schema() {
  const auto text = [](const char* doc) {
    return Json::object({{"type", "string"}, {"description", doc}});
  };
  const Json item = Json::object(
      {{"type", "object"},
       {"properties",
        Json::object({{"pointer", text("JSON pointer into the body, ?parameter, {path} or header")},
                      {"detail", text("What is wrong there")}})},
       {"required", Json::array({"pointer", "detail"})}});
  return Json::object(
      {{"type", "object"},
       {"description", "An error, RFC 9457."},
       {"properties",
        Json::object({{"type", text("urn:millrace:problem:<code>")},
                      {"title", text("The status in words")},
                      {"status", Json::object({{"type", "integer"}})},
                      {"detail", text("What is wrong and what would be right")},
                      {"instance", text("The path asked for")},
                      {"request_id", text("As in the server's log")},
                      {"errors", Json::object({{"type", "array"}, {"items", item}})}})},
       {"required", Json::array({"type", "title", "status", "detail", "instance", "request_id"})}});
}

Json plain_get(const char* id, const char* summary, Json types) {
  return Json::object(
      {{"get",
        Json::object({{"operationId", id},
                      {"tags", Json::array({"health"})},
                      {"summary", summary},
                      {"responses",
                       Json::object({{"200", Json::object({{"description", "OK"},
                                                           {"content", std::move(types)}})}})}})}});
}

// --- TypeScript

std::string fields_of(const std::vector<FieldInfo>& fields, bool optional_all) {
  std::string out;
  for (const auto& field : fields)
    out += (out.empty() ? "" : "; ") + field.name +
           (optional_all || !field.required ? "?: " : ": ") + typescript_of(field.type);
  return "{ " + out + " }";
}

/// "/api/v1/runs/{run}" → "`/api/v1/runs/${encodeURIComponent(run)}`"
std::string path_template(const std::string& pattern) {
  std::string out = "`";
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] != '{') {
      out += pattern[i];
      continue;
    }
    const auto end = pattern.find('}', i);
    out += "${encodeURIComponent(" + pattern.substr(i + 1, end - i - 1) + ")}";
    i = end;
  }
  return out + "`";
}

std::string client_function(const Endpoint& endpoint) {
  std::string parameters;
  const auto add = [&](const std::string& text) {
    parameters += (parameters.empty() ? "" : ", ") + text;
  };
  for (const auto& field : endpoint.path) add(field.name + ": string");
  const bool has_body = endpoint.body_kind == Endpoint::Body::json;
  const bool body_needed = std::any_of(endpoint.body.begin(), endpoint.body.end(),
                                       [](const FieldInfo& field) { return field.required; });
  if (has_body) add("body: " + fields_of(endpoint.body, false) + (body_needed ? "" : " = {}"));
  if (!endpoint.query.empty()) {
    const bool needed = std::any_of(endpoint.query.begin(), endpoint.query.end(),
                                    [](const FieldInfo& field) { return field.required; });
    add("query: " + fields_of(endpoint.query, false) + (needed ? "" : " = {}"));
  }
  if (!endpoint.headers.empty()) add("headers: Record<string, string> = {}");
  std::string arguments = "'" + endpoint.method + "', " + path_template(endpoint.pattern);
  arguments += endpoint.query.empty() ? ", {}" : ", query";
  if (has_body || !endpoint.headers.empty()) arguments += has_body ? ", body" : ", undefined";
  if (!endpoint.headers.empty()) arguments += ", headers";
  return "/** " + endpoint.summary + ". */\nexport const " + endpoint.id + " = (" + parameters +
         "): Promise<" + typescript_of(*endpoint.response) + "> =>\n  request(" + arguments +
         ");\n";
}

}  // namespace

Json openapi_document() {
  Json paths = Json::object();
  const Json health = Json::object({{"$ref", "#/components/schemas/Health"}});
  paths.set("/healthz", plain_get("health", "Is the process alive?",
                                  http::openapi_content("application/json", health)));
  Json ready = plain_get("ready", "Does the store commit, and does this engine lead? 503 if not",
                         http::openapi_content("application/json", health));
  ready.member("get")
      .member("responses")
      .set("503",
           Json::object({{"description", "The store does not answer, or another engine leads"},
                         {"content", http::openapi_content("application/json", health)}}));
  paths.set("/readyz", std::move(ready));
  paths.set("/metrics",
            plain_get("metrics", "For Prometheus",
                      http::openapi_content("text/plain", Json::object({{"type", "string"}}))));
  return http::openapi_of(
      {.title = "Millrace",
       .description = "DAGs, runs, models and deployments. Errors are problem+json (RFC 9457).",
       .error_name = "Problem",
       .error_type = std::string(kProblemType),
       .error_schema = problem_schema(),
       .more_types = {type_info<HealthView>()},
       .more_paths = std::move(paths)},
      all_endpoints(nullptr, nullptr));
}

std::string typescript_client() {
  const auto endpoints = all_endpoints(nullptr, nullptr);
  std::string out =
      "// Generated from the endpoint declarations in engine/api; './run golden' rewrites it. Do "
      "not edit.\n"
      "import { request } from './http';\n\n";
  for (const auto& type : http::named_types(endpoints, {type_info<HealthView>()}))
    out += typescript_declaration_of(type) + "\n";
  for (const auto& endpoint : endpoints)
    if (endpoint.response && endpoint.body_kind != Endpoint::Body::raw)
      out += client_function(endpoint) + "\n";
  out.pop_back();
  return out;
}

std::string reference_page() {
  const auto endpoints = all_endpoints(nullptr, nullptr);
  std::string out =
      "# REST interface\n\n"
      "Generated from the endpoint declarations in `engine/api`; `./run golden` rewrites it. The "
      "same as OpenAPI 3.1:\n"
      "`/api/v1/openapi.json`.\n\n"
      "- Errors are `application/problem+json` (RFC 9457) with `errors[]` naming each wrong "
      "field.\n"
      "- Unknown parameters and fields are refused.\n"
      "- JSON is RFC 8259. Refused as well are a member name given twice, of which one value would "
      "be lost,\n"
      "  and an integer beyond 64 bits, which could not be kept exactly.\n"
      "- Changes need `Content-Type: application/json`. The header `traceparent` says in which "
      "trace. "
      "Until access control\n"
      "  is on, each change is recorded as by `local`; the header `Millrace-On-Behalf-Of` (before: "
      "`Millrace-Actor`) adds a\n"
      "  note for whom, which nothing checks.\n"
      "- A name in a path is one of the namespace `default`, or of `?namespace=`. A list shows all "
      "namespaces without it.\n"
      "- Lists are newest first; `next` of a page is `before` of the one after it.\n"
      "- `/healthz`, `/readyz` and `/metrics` (Prometheus) are at the root, outside `/api/v1`.\n\n";
  return out + http::endpoint_sections(endpoints) +
         http::type_sections(http::named_types(endpoints, {type_info<HealthView>()}));
}

}  // namespace millrace::api
