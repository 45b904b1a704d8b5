// Template files: reading, and what is checked of them without a use.
#include <algorithm>

#include "engine/op/param.h"
#include "engine/spec/loaded_template.h"

namespace millrace::spec {
namespace {

void read_header(const YamlNode& root, LocatedDag& out, Report& report) {
  if (const auto* entry = root.find("template")) {
    out.at = entry->value.at;
    if (auto name = read_name(entry->value, "template", report))
      out.spec.id = checked_id(*std::move(name), "template", entry->value.at, report);
  }
  if (const auto* entry = root.find("namespace"))
    if (auto name = read_name(entry->value, "namespace", report))
      out.spec.namespace_ = checked_id(*std::move(name), "namespace", entry->value.at, report);
  for (const char* key : {"doc", "owner"})
    if (const auto* entry = root.find(key)) read_string(entry->value, key, report);
}

/// A default is taken as it is.
void check_defaults(const YamlNode& inputs, Report& report) {
  for (const auto& entry : inputs.entries) {
    const auto* given = entry.value.is_mapping() ? entry.value.find("default") : nullptr;
    const YamlNode& value = given != nullptr ? given->value : entry.value;
    Report ignored("");
    if (has_expression(to_json(value, ignored)))
      report.error(value.at, "bad-value",
                   "the default of input " + quote(entry.key) + " holds an expression",
                   "write a constant, and give the expression where the template is used");
  }
}

/// `tasks.USE.outputs` and `tasks.USE.state` must not mean a task.
void check_ids(const YamlNode& tasks, Report& report) {
  for (const auto& entry : tasks.entries) {
    const std::string_view first = std::string_view(entry.key).substr(0, entry.key.find('.'));
    if (first == "outputs" || first == "state")
      report.error(entry.key_at, "bad-id",
                   "a task of a template cannot be called " + quote(entry.key),
                   "'tasks.USE." + std::string(first) + "' has a meaning of its own");
  }
}

}  // namespace

LocatedDag read_template(const YamlNode& root, const Loading& loading) {
  Report& report = loading.report;
  LocatedDag out;
  out.is_template = true;
  out.at = root.at;
  check_keys(root, root.at, template_fields(), "the template", report);
  read_header(root, out, report);
  if (const auto* entry = root.find("inputs")) {
    out.spec.params = read_params(entry->value, "input", report);
    check_defaults(entry->value, report);
  }
  if (const auto* entry = root.find("tasks")) check_ids(entry->value, report);
  read_graph(root, out, loading);
  return out;
}

void read_template_resource(const YamlNode& root, const Loading& loading, Resource& out) {
  const LocatedDag read = read_template(root, loading);
  out.name = read.spec.id;
  out.namespace_ = read.spec.namespace_;
  out.uses_templates = read.uses_templates;
  check_graph(read, loading);
  check_teardowns(read, loading);
  check_expressions(read, loading);
  check_types(read, loading);
  if (loading.report.has_error()) return;
  // The core has the last word, as for a DAG.
  if (const auto made = Dag::make(read.spec); !made)
    loading.report.error_with_suggestion(read.at, "invalid-dag", made.error().to_string());
  out.spec = to_json(root, loading.report);
}

std::vector<std::string> templates_used_in(const YamlNode& root) {
  std::vector<std::string> out;
  const auto* tasks = root.find("tasks");
  if (tasks == nullptr) return out;
  for (const auto& entry : tasks->value.entries)
    if (const auto* used = entry.value.find("template"); used && used->value.is_scalar())
      out.push_back(used->value.text);
  return out;
}

}  // namespace millrace::spec
