// The documents that follow from the endpoints' declarations: OpenAPI 3.1, the TypeScript client,
// docs/api.md.
#include <map>
#include <set>

#include "engine/api/context.h"
#include "engine/api/problem.h"
#include "engine/api/views_model.h"

namespace millrace::api {
namespace {

/// Types with a name, those that others refer to before them.
void collect(const TypeInfo& type, std::vector<TypeInfo>& named) {
  if (type.item) collect(*type.item, named);
  const std::string name(type_name_of(type));
  for (const auto& known : named)
    if (!name.empty() && type_name_of(known) == name) return;
  if (type.record)
    for (const auto& field : type.record->fields) collect(field.type, named);
  for (const auto& kind : type.kinds) collect(kind, named);
  if (name.empty()) return;
  named.push_back(type);
  named.back().nullable = false;
}

std::vector<TypeInfo> named_types(const std::vector<Endpoint>& endpoints) {
  std::vector<TypeInfo> named;
  for (const auto& endpoint : endpoints) {
    if (endpoint.response) collect(*endpoint.response, named);
    if (endpoint.events) collect(*endpoint.events, named);
    for (const auto* fields : {&endpoint.path, &endpoint.query, &endpoint.body})
      for (const auto& field : *fields) collect(field.type, named);
  }
  collect(type_info<HealthView>(), named);
  return named;
}

// --- OpenAPI

Json parameter(const FieldInfo& field, const char* in) {
  Json schema = schema_of(field.type);
  if (!field.default_value.is_null()) schema.set("default", field.default_value);
  return Json::object({{"name", field.name},
                       {"in", in},
                       {"required", field.required},
                       {"description", field.doc},
                       {"schema", std::move(schema)}});
}

Json content(std::string_view type, Json schema) {
  return Json::object({{std::string(type), Json::object({{"schema", std::move(schema)}})}});
}

Json request_body(const Endpoint& endpoint) {
  if (endpoint.body_kind == Endpoint::Body::raw) {
    Json types = Json::object();
    for (const auto& type : endpoint.body_types) types.set(type, Json::object());
    return Json::object({{"required", true}, {"content", std::move(types)}});
  }
  Json properties = Json::object(), required = Json::array();
  for (const auto& field : endpoint.body) {
    Json schema = schema_of(field.type);
    schema.set("description", field.doc);
    if (!field.default_value.is_null()) schema.set("default", field.default_value);
    properties.set(field.name, std::move(schema));
    if (field.required) required.push_back(field.name);
  }
  const bool needed = required.size() > 0;
  Json schema = Json::object(
      {{"type", "object"}, {"properties", std::move(properties)}, {"additionalProperties", false}});
  if (needed) schema.set("required", std::move(required));
  return Json::object(
      {{"required", needed}, {"content", content("application/json", std::move(schema))}});
}

Json responses(const Endpoint& endpoint) {
  Json all = Json::object();
  std::vector<int> statuses{endpoint.status};
  statuses.insert(statuses.end(), endpoint.also.begin(), endpoint.also.end());
  for (const int status : statuses) {
    const std::string text = status == 201   ? "Created"
                             : status == 202 ? "Accepted; not answered yet"
                                             : "OK";
    Json response = Json::object({{"description", text}});
    response.set("content", endpoint.response
                                ? content("application/json", schema_of(*endpoint.response))
                                : content(endpoint.response_type,
                                          endpoint.events ? schema_of(*endpoint.events)
                                                          : Json::object({{"type", "string"}})));
    all.set(std::to_string(status), std::move(response));
  }
  all.set("default", Json::object({{"$ref", "#/components/responses/Problem"}}));
  return all;
}

Json operation(const Endpoint& endpoint) {
  Json json = Json::object({{"operationId", endpoint.id},
                            {"tags", Json::array({endpoint.tag})},
                            {"summary", endpoint.summary}});
  if (!endpoint.doc.empty()) json.set("description", endpoint.doc);
  Json parameters = Json::array();
  for (const auto& field : endpoint.path) parameters.push_back(parameter(field, "path"));
  for (const auto& field : endpoint.query) parameters.push_back(parameter(field, "query"));
  for (const auto& field : endpoint.headers) parameters.push_back(parameter(field, "header"));
  if (parameters.size() > 0) json.set("parameters", std::move(parameters));
  if (endpoint.body_kind != Endpoint::Body::none) json.set("requestBody", request_body(endpoint));
  json.set("responses", responses(endpoint));
  return json;
}

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

Json components(const std::vector<Endpoint>& endpoints) {
  Json schemas = Json::object();
  for (const auto& type : named_types(endpoints))
    schemas.set(type_name_of(type), named_schema_of(type));
  schemas.set("Problem", problem_schema());
  Json problem = Json::object({{"description", "What went wrong"}});
  problem.set("content",
              content(kProblemType, Json::object({{"$ref", "#/components/schemas/Problem"}})));
  return Json::object({{"schemas", std::move(schemas)},
                       {"responses", Json::object({{"Problem", std::move(problem)}})}});
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

// --- docs/api.md

std::string escaped(std::string text) {
  for (std::size_t i = 0; (i = text.find('|', i)) != std::string::npos; i += 2)
    text.replace(i, 1, "\\|");
  return text;
}

void field_rows(std::string& out, const std::vector<FieldInfo>& fields, const char* in) {
  for (const auto& field : fields) {
    out += "| `" + field.name + "` | " + in + " | " + escaped(describe(field.type)) + " | ";
    if (field.required)
      out += "required";
    else if (!field.default_value.is_null())
      out += "`" + field.default_value.dump() + "`";
    out += " | " + escaped(field.doc) + " |\n";
  }
}

std::string endpoint_section(const Endpoint& endpoint) {
  std::string out =
      "### `" + endpoint.method + " " + endpoint.pattern + "`\n\n" + endpoint.summary + ".";
  if (!endpoint.doc.empty()) out += " " + endpoint.doc;
  out += "\n\n";
  if (!endpoint.path.empty() || !endpoint.query.empty() || !endpoint.headers.empty() ||
      !endpoint.body.empty()) {
    out += "| name | in | type | default | meaning |\n|---|---|---|---|---|\n";
    field_rows(out, endpoint.path, "path");
    field_rows(out, endpoint.query, "query");
    field_rows(out, endpoint.headers, "header");
    field_rows(out, endpoint.body, "body");
    out += "\n";
  }
  if (!endpoint.body_types.empty()) {
    out += "Body:";
    for (const auto& type : endpoint.body_types) out += " `" + type + "`";
    out += ".\n\n";
  }
  out += "Answer: " + std::to_string(endpoint.status);
  for (const int status : endpoint.also) out += ", " + std::to_string(status);
  out += " with " +
         (endpoint.response ? describe(*endpoint.response) : "`" + endpoint.response_type + "`") +
         ".\n\n";
  return out;
}

std::string type_section(const TypeInfo& type) {
  if (!type.record) return {};  // enumerations are described where they are used
  std::string out = "### " + type.record->name + "\n\n" + type.record->doc +
                    "\n\n| field | type | meaning |\n|---|---|---|\n";
  for (const auto& field : type.record->fields)
    out += "| `" + field.name + "` | " + escaped(describe(field.type)) + " | " +
           escaped(field.doc) + " |\n";
  return out + "\n";
}

}  // namespace

Json openapi_document() {
  const auto endpoints = all_endpoints(nullptr, nullptr);
  Json paths = Json::object();
  for (const auto& endpoint : endpoints) {
    std::string method = endpoint.method;
    for (char& c : method) c = static_cast<char>(c - 'A' + 'a');
    paths.member(endpoint.pattern).set(method, operation(endpoint));
  }
  const Json health = Json::object({{"$ref", "#/components/schemas/Health"}});
  paths.set("/healthz",
            plain_get("health", "Is the process alive?", content("application/json", health)));
  Json ready = plain_get("ready", "Does the store commit, and does this engine lead? 503 if not",
                         content("application/json", health));
  ready.member("get")
      .member("responses")
      .set("503",
           Json::object({{"description", "The store does not answer, or another engine leads"},
                         {"content", content("application/json", health)}}));
  paths.set("/readyz", std::move(ready));
  paths.set("/metrics", plain_get("metrics", "For Prometheus",
                                  content("text/plain", Json::object({{"type", "string"}}))));
  return Json::object(
      {{"openapi", "3.1.0"},
       {"info",
        Json::object(
            {{"title", "Millrace"},
             {"version", "1"},
             {"description",
              "DAGs, runs, models and deployments. Errors are problem+json (RFC 9457)."},
             {"license", Json::object({{"name", "Apache-2.0"}, {"identifier", "Apache-2.0"}})}})},
       {"servers", Json::array({Json::object({{"url", "/"}})})},
       {"paths", std::move(paths)},
       {"components", components(endpoints)}});
}

std::string typescript_client() {
  const auto endpoints = all_endpoints(nullptr, nullptr);
  std::string out =
      "// Generated from the endpoint declarations in engine/api; './run golden' rewrites it. Do "
      "not edit.\n"
      "import { request } from './http';\n\n";
  for (const auto& type : named_types(endpoints)) out += typescript_declaration_of(type) + "\n";
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
      "- Changes need `Content-Type: application/json`; the header `Millrace-Actor` says who asks, "
      "`traceparent` in\n"
      "  which trace.\n"
      "- Lists are newest first; `next` of a page is `before` of the one after it.\n"
      "- `/healthz`, `/readyz` and `/metrics` (Prometheus) stand beside `/api/v1`.\n\n";
  std::string tag;
  for (const auto& endpoint : endpoints) {
    if (endpoint.tag != tag) out += "## " + endpoint.tag + "\n\n";
    tag = endpoint.tag;
    out += endpoint_section(endpoint);
  }
  out += "## Types\n\n";
  for (const auto& type : named_types(endpoints)) out += type_section(type);
  out.pop_back();
  return out;
}

}  // namespace millrace::api
