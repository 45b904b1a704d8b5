// Events about resources: what people declare in files, of any kind but `dag`, which has events of
// its own.
#pragma once

#include <string>
#include <string_view>
#include <tuple>

#include "engine/base/json.h"
#include "engine/core/events/common.h"

namespace millrace {

struct ResourceRegistered {
  static constexpr std::string_view kind = "resource_registered";
  static constexpr std::string_view record_doc =
      "A version of a resource, other than a DAG, became the current one.";
  std::string resource;
  std::string namespace_ = "default";
  std::string name;
  std::string version;
  Json spec;
  std::string source;
  Origin origin;

  static constexpr auto fields() {
    return std::tuple{
        field("resource", &ResourceRegistered::resource, "Its kind: the key of its file")
            .not_empty(),
        field("namespace", &ResourceRegistered::namespace_, "Where its name belongs").optional(),
        field("name", &ResourceRegistered::name, "Its name").not_empty(),
        field("version", &ResourceRegistered::version, "Digest of the canonical form").not_empty(),
        field("spec", &ResourceRegistered::spec, "The canonical form").optional().internal(),
        field("source", &ResourceRegistered::source, "Path of the file, for people").optional(),
        field("origin", &ResourceRegistered::origin, "Who asked, and why").optional()};
  }
};

struct ResourceRetired {
  static constexpr std::string_view kind = "resource_retired";
  static constexpr std::string_view record_doc =
      "No file declares the resource any more; one that does registers it again.";
  std::string resource;
  std::string namespace_ = "default";
  std::string name;
  std::string reason;
  Origin origin;

  static constexpr auto fields() {
    return std::tuple{
        field("resource", &ResourceRetired::resource, "Its kind: the key of its file").not_empty(),
        field("namespace", &ResourceRetired::namespace_, "Where its name belongs").optional(),
        field("name", &ResourceRetired::name, "Its name").not_empty(),
        field("reason", &ResourceRetired::reason, "Why").optional(),
        field("origin", &ResourceRetired::origin, "Who asked, and why").optional()};
  }
};

}  // namespace millrace
