// A kind of resource for tests: 'monitor: NAME' with a threshold.
#pragma once

#include <array>

#include "engine/spec/read.h"
#include "engine/spec/read_dag.h"
#include "engine/spec/resource.h"

namespace millrace {

inline void read_monitor(const spec::YamlNode& root, const spec::Loading& loading, Resource& out) {
  static constexpr std::array kFields = {
      spec::Field{"monitor", "Name", R"({"type": "string"})", true},
      spec::Field{"namespace", "Team", R"({"type": "string"})"},
      spec::Field{"owner", "Who is responsible for it", R"({"type": "string"})"},
      spec::Field{"threshold", "Alert above it", R"({"type": "number"})", true}};
  spec::check_keys(root, root.at, kFields, "the monitor", loading.report);
  const auto text = [&](const char* key) {
    const auto* entry = root.find(key);
    return entry == nullptr ? std::nullopt : spec::read_name(entry->value, key, loading.report);
  };
  out.name = text("monitor").value_or("");
  out.namespace_ = text("namespace").value_or("default");
  out.spec = Json::object({{"monitor", out.name}});
  if (const auto* entry = root.find("threshold"))
    if (const auto high = spec::read_number(entry->value, "threshold", -spec::kNoBound,
                                            spec::kNoBound, loading.report))
      out.spec.set("threshold", *high);
}

inline ResourceKinds kinds_with_monitor() {
  ResourceKinds kinds = builtin_kinds();
  kinds.push_back({.name = "monitor",
                   .noun = "monitor",
                   .mark = "",
                   .read = read_monitor,
                   .schema =
                       [](const Catalog&) {
                         return Json::object({{"type", "object"}});
                       },
                   .check_together = {}});
  return kinds;
}

}  // namespace millrace
