// /api/v1/resources: what files declare, whatever its kind, and each version of it.
#include <algorithm>

#include "engine/api/context.h"
#include "engine/base/suggest.h"
#include "engine/spec/resource.h"

namespace millrace::api {
namespace {

Result<Reply> list_resources(Context& context, const Call& call) {
  MR_TRY(auto rows, context.stores.runs.resources());
  keep_namespace(call, rows);
  if (const auto kind = call.query("kind"); !kind.is_null()) {
    auto kinds = names_of(builtin_kinds());
    for (const auto& row : rows) kinds.push_back(row.kind);
    if (std::ranges::find(kinds, kind.as_view()) == kinds.end())
      return invalid_argument("there is no kind '" + kind.as_string() + "'" +
                              did_you_mean(kind.as_view(), kinds))
          .at("?kind");
    std::erase_if(rows, [&](const ResourceRow& row) { return row.kind != kind.as_view(); });
  }
  return reply_of(rows);
}

Result<Reply> get_resource_version(Context& context, const Call& call) {
  MR_TRY(auto spec, context.stores.runs.resource_version(call.path("kind"), call.path("namespace"),
                                                         call.path("name"), call.path("version")));
  return json_reply(std::move(spec));
}

Result<Reply> list_resource_versions(Context& context, const Call& call) {
  const std::string kind = call.path("kind"), name_space = call.path("namespace"),
                    name = call.path("name");
  MR_TRY(const auto rows, context.stores.runs.resource_versions(kind, name_space, name));
  if (rows.empty())
    return not_found("there is no " + kind + " '" + name + "' in the namespace '" + name_space +
                     "'");
  return reply_of(rows);
}

FieldInfo word_in_path(const char* name, const char* doc) {
  return FieldInfo{name, string_type(128), doc};
}

}  // namespace

std::vector<Endpoint> resource_endpoints(Context* context) {
  const auto bind = [context](Result<Reply> (*handle)(Context&, const Call&)) {
    return [context, handle](const Call& call) { return handle(*context, call); };
  };
  std::vector<Endpoint> list;
  list.push_back(
      {.method = "GET",
       .pattern = "/api/v1/resources",
       .id = "listResources",
       .tag = "resources",
       .summary = "What files declare, DAGs included",
       .query = {FieldInfo{"kind", string_type(128), "Only of this kind, e.g. dag"}.optional(),
                 namespace_filter_in_query()},
       .response = type_info<std::vector<ResourceRow>>(),
       .handle = bind(list_resources)});
  list.push_back(
      {.method = "GET",
       .pattern = "/api/v1/resources/{kind}/{namespace}/{name}/versions",
       .id = "listResourceVersions",
       .tag = "resources",
       .summary = "Every version that was ever registered, newest first",
       .path = {word_in_path("kind", "Its kind, e.g. dag"),
                word_in_path("namespace", "Its namespace"), word_in_path("name", "Its name")},
       .response = type_info<std::vector<ResourceVersionRow>>(),
       .handle = bind(list_resource_versions)});
  list.push_back(
      {.method = "GET",
       .pattern = "/api/v1/resources/{kind}/{namespace}/{name}/versions/{version}",
       .id = "getResourceVersion",
       .tag = "resources",
       .summary = "The canonical form of a version that was once registered",
       .path = {word_in_path("kind", "Its kind, e.g. dag"),
                word_in_path("namespace", "Its namespace"), word_in_path("name", "Its name"),
                word_in_path("version", "The version's digest")},
       .response = object_type(),
       .handle = bind(get_resource_version)});
  return list;
}

}  // namespace millrace::api
