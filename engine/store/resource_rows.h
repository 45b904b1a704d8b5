// Rows about resources, DAGs included.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <tuple>

#include "engine/base/json.h"
#include "engine/base/time.h"
#include "engine/core/events/common.h"

namespace millrace {

struct ResourceRow {
  static constexpr std::string_view record_name = "Resource";
  static constexpr std::string_view record_doc = "What a file declares: a DAG, or another kind.";
  std::string kind;
  std::string namespace_ = "default";
  std::string name;
  std::string version;  // current
  std::string source;
  std::string retired;   // why it is not in force; "": it is
  Time registered_at{};  // first version
  Time updated_at{};

  static constexpr auto fields() {
    return std::tuple{
        field("kind", &ResourceRow::kind, "Its kind: the key of its file, e.g. dag"),
        field("namespace", &ResourceRow::namespace_, "Where its name belongs"),
        field("name", &ResourceRow::name, "Its name"),
        field("version", &ResourceRow::version, "Digest of the current version"),
        field("source", &ResourceRow::source, "Path of the file"),
        field("retired", &ResourceRow::retired, "Why it is not in force; \"\": it is"),
        field("registered_at", &ResourceRow::registered_at, "When its first version came"),
        field("updated_at", &ResourceRow::updated_at, "When it last changed")};
  }
};

struct ResourceVersionRow {
  static constexpr std::string_view record_name = "ResourceVersion";
  static constexpr std::string_view record_doc = "A version of a resource.";
  std::string version;
  std::optional<Time> registered_at;  // nullopt: before the store kept it

  static constexpr auto fields() {
    return std::tuple{field("version", &ResourceVersionRow::version, "Its digest"),
                      field("registered_at", &ResourceVersionRow::registered_at,
                            "When it was first registered; null: not known")};
  }
};

/// The error of `resource_version`.
inline std::string no_version_text(std::string_view kind, std::string_view name_space,
                                   std::string_view name, std::string_view version) {
  return "the " + std::string(kind) + " '" + std::string(name_space) + "/" + std::string(name) +
         "' has no version '" + std::string(version) + "'";
}

}  // namespace millrace
