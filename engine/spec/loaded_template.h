// One template as read from its file. Internal to this module.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/core/dag.h"
#include "engine/spec/read_dag.h"
#include "engine/spec/yaml.h"

namespace millrace::spec {

struct LoadedTemplate {
  std::string file, text;
  ScopedName key;
  std::optional<YamlNode> root;
  YamlSize size;
  std::string problem;  // the first error with its place; "": there is none
  std::string circle;   // "a -> b -> a" while it is being checked for b, which uses it
};

/// A template file in terms of a DAG: its inputs are the params.
LocatedDag read_template(const YamlNode& root, const Loading& loading);
/// The kind `template`.
void read_template_resource(const YamlNode& root, const Loading& loading, Resource& out);
/// Names of the templates that its tasks use.
std::vector<std::string> templates_used_in(const YamlNode& root);

}  // namespace millrace::spec
