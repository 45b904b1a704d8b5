#include "engine/http/openapi.h"

namespace millrace::http {
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

Json parameter(const FieldInfo& field, const char* in) {
  Json schema = schema_of(field.type);
  if (!field.default_value.is_null()) schema.set("default", field.default_value);
  return Json::object({{"name", field.name},
                       {"in", in},
                       {"required", field.required},
                       {"description", field.doc},
                       {"schema", std::move(schema)}});
}

Json request_body(const Endpoint& endpoint) {
  if (endpoint.body_kind == Endpoint::Body::raw && endpoint.body.empty()) {
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
  Json schema = Json::object({{"type", "object"}, {"properties", std::move(properties)}});
  if (endpoint.body_kind == Endpoint::Body::json) schema.set("additionalProperties", false);
  if (needed) schema.set("required", std::move(required));
  Json content = openapi_content("application/json", std::move(schema));
  for (const auto& type : endpoint.body_types)
    if (!content.contains(type)) content.set(type, Json::object());
  return Json::object({{"required", needed}, {"content", std::move(content)}});
}

Json responses(const Endpoint& endpoint, const std::string& error_name) {
  Json all = Json::object();
  std::vector<int> statuses{endpoint.status};
  statuses.insert(statuses.end(), endpoint.also.begin(), endpoint.also.end());
  for (const int status : statuses) {
    const std::string text = status == 201   ? "Created"
                             : status == 202 ? "Accepted; not answered yet"
                                             : "OK";
    Json response = Json::object({{"description", text}});
    response.set("content",
                 endpoint.response
                     ? openapi_content("application/json", schema_of(*endpoint.response))
                     : openapi_content(endpoint.response_type,
                                       endpoint.events ? schema_of(*endpoint.events)
                                                       : Json::object({{"type", "string"}})));
    all.set(std::to_string(status), std::move(response));
  }
  all.set("default", Json::object({{"$ref", "#/components/responses/" + error_name}}));
  return all;
}

Json operation(const Endpoint& endpoint, const std::string& error_name) {
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
  json.set("responses", responses(endpoint, error_name));
  return json;
}

Json components(const OpenApiInfo& info, std::span<const Endpoint> endpoints) {
  Json schemas = Json::object();
  for (const auto& type : named_types(endpoints, info.more_types))
    schemas.set(type_name_of(type), named_schema_of(type));
  schemas.set(info.error_name, info.error_schema);
  Json error = Json::object({{"description", "What went wrong"}});
  error.set("content",
            openapi_content(info.error_type,
                            Json::object({{"$ref", "#/components/schemas/" + info.error_name}})));
  return Json::object({{"schemas", std::move(schemas)},
                       {"responses", Json::object({{info.error_name, std::move(error)}})}});
}

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

Json openapi_content(std::string_view type, Json schema) {
  return Json::object({{std::string(type), Json::object({{"schema", std::move(schema)}})}});
}

std::vector<TypeInfo> named_types(std::span<const Endpoint> endpoints,
                                  const std::vector<TypeInfo>& more) {
  std::vector<TypeInfo> named;
  for (const auto& endpoint : endpoints) {
    if (endpoint.response) collect(*endpoint.response, named);
    if (endpoint.events) collect(*endpoint.events, named);
    for (const auto* fields : {&endpoint.path, &endpoint.query, &endpoint.body})
      for (const auto& field : *fields) collect(field.type, named);
  }
  for (const auto& type : more) collect(type, named);
  return named;
}

Json openapi_of(const OpenApiInfo& info, std::span<const Endpoint> endpoints) {
  Json paths = Json::object();
  for (const auto& endpoint : endpoints) {
    std::string method = endpoint.method;
    for (char& c : method) c = static_cast<char>(c - 'A' + 'a');
    paths.member(endpoint.pattern).set(method, operation(endpoint, info.error_name));
  }
  for (const auto& [path, methods] : info.more_paths.members()) paths.set(path, methods);
  return Json::object(
      {{"openapi", "3.1.0"},
       {"info", Json::object({{"title", info.title},
                              {"version", "1"},
                              {"description", info.description},
                              {"license", Json::object({{"name", "Apache-2.0"},
                                                        {"identifier", "Apache-2.0"}})}})},
       {"servers", Json::array({Json::object({{"url", "/"}})})},
       {"paths", std::move(paths)},
       {"components", components(info, endpoints)}});
}

std::string endpoint_sections(std::span<const Endpoint> endpoints) {
  std::string out, tag;
  for (const auto& endpoint : endpoints) {
    if (endpoint.tag != tag) out += "## " + endpoint.tag + "\n\n";
    tag = endpoint.tag;
    out += endpoint_section(endpoint);
  }
  return out;
}

std::string type_sections(const std::vector<TypeInfo>& types) {
  std::string out = "## Types\n\n";
  for (const auto& type : types) out += type_section(type);
  out.pop_back();
  return out;
}

}  // namespace millrace::http
