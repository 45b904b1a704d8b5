// OpenAPI and reference pages from the declarations of a server's endpoints. Pure.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/http/endpoint.h"

namespace millrace::http {

struct OpenApiInfo {
  std::string title, description;
  std::string error_name{};  // of the component that describes errors
  std::string error_type{};  // their content type
  Json error_schema{};
  std::vector<TypeInfo> more_types{};  // of what is no Endpoint
  Json more_paths = Json::object();
};

/// OpenAPI 3.1.
Json openapi_of(const OpenApiInfo& info, std::span<const Endpoint> endpoints);
/// "content" of a request or response.
Json openapi_content(std::string_view type, Json schema);
/// Types with a name, those that others refer to before them.
std::vector<TypeInfo> named_types(std::span<const Endpoint> endpoints,
                                  const std::vector<TypeInfo>& more = {});
/// Markdown: a chapter for each tag, in the order of the endpoints.
std::string endpoint_sections(std::span<const Endpoint> endpoints);
/// Markdown: the chapter of the records.
std::string type_sections(const std::vector<TypeInfo>& types);

}  // namespace millrace::http
