#include "engine/spec/load.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "engine/base/digest.h"
#include "engine/base/file.h"
#include "engine/spec/raw_text.h"
#include "engine/spec/read_dag.h"
#include "engine/spec/yaml.h"

namespace millrace {
namespace {

using spec::Report;

/// Of a text that cannot be read whole: what it seems to declare.
Resource failed(Report& report, std::string_view file, std::string_view text,
                const ResourceKinds& kinds) {
  Resource out;
  out.file = file;
  out.source = text;
  out.diagnostics = report.take();
  if (const ResourceKind* kind = spec::kind_of_text(text, kinds)) {
    out.kind = kind->name;
    out.name = spec::id_in_text(text, kind->name);
    if (auto given = spec::id_in_text(text, "namespace"); !given.empty())
      out.namespace_ = std::move(given);
  }
  return out;
}

void report_too_large(Report& report) {
  report.file_error("too-large",
                    "the file is larger than " + std::to_string(spec::kMaxYamlBytes) + " bytes",
                    "a DAG file holds settings, not data");
}

/// "DAG", "a, b and c".
std::string kinds_in_words(const ResourceKinds& kinds) {
  std::string text;
  for (std::size_t i = 0; i < kinds.size(); ++i)
    text += (i == 0 ? "" : i + 1 == kinds.size() ? " and " : ", ") + spec::quote(kinds[i].name);
  return text;
}

/// The key that was meant to be the kind: none of those that every kind has.
const spec::YamlNode::Entry& meant_as_kind(const spec::YamlNode& root) {
  const auto found = std::ranges::find_if(root.entries, [](const auto& entry) {
    return entry.key != "owner" && entry.key != "namespace" && entry.key != "doc";
  });
  return found == root.entries.end() ? root.entries.front() : *found;
}

void report_no_kind(const spec::YamlNode& root, const ResourceKinds& kinds, Report& report) {
  std::string hint =
      "a file starts with its kind and a name, e.g. '" + kinds.front().name + ": name'";
  hint += kinds.size() == 1 ? "; the only kind is " : "; the kinds are ";
  hint += kinds_in_words(kinds);
  if (!root.is_mapping() || root.entries.empty())
    return report.error(root.at, "unknown-kind", "the file declares nothing", std::move(hint));
  const auto& first = meant_as_kind(root);
  if (const auto near = report.suggest(first.key, names_of(kinds)); !near.empty())
    hint = near + " " + hint;
  report.error(first.key_at, "unknown-kind", spec::quote(first.key) + " is not a kind of resource",
               std::move(hint));
}

/// The reader of the file; nullptr, with the reason reported: it names no kind, or two.
const ResourceKind* choose_kind(const spec::YamlNode& root, const ResourceKinds& kinds,
                                Report& report) {
  const ResourceKind* chosen = nullptr;
  for (const auto& entry : root.entries) {
    const ResourceKind* kind = find_kind(kinds, entry.key);
    if (kind == nullptr) continue;
    if (chosen != nullptr) {
      report.error(entry.key_at, "two-kinds",
                   "the file declares a " + kind->noun + " and a " + chosen->noun,
                   "put each into a file of its own");
      return nullptr;
    }
    chosen = kind;
  }
  for (const ResourceKind& kind : kinds)
    if (chosen == nullptr && !kind.mark.empty() && root.find(kind.mark) != nullptr) chosen = &kind;
  if (chosen == nullptr) report_no_kind(root, kinds, report);
  return chosen;
}

/// The file is of this kind by its mark, and what its name stands under is not the kind: 'dga:
/// etl'. Reported, and read on as if it were right.
void repair_kind(const ResourceKind& kind, const Catalog& catalog, spec::YamlNode& root,
                 Report& report) {
  if (root.find(kind.name) != nullptr) return;
  const Json schema = kind.schema(catalog);
  for (auto& entry : root.entries) {
    if (!entry.value.is_scalar() || schema["properties"].contains(entry.key)) continue;
    report.error(entry.key_at, "unknown-kind",
                 spec::quote(entry.key) + " is not a kind of resource",
                 "a file with " + spec::quote(kind.mark) + " is a " + kind.noun + ": write '" +
                     kind.name + ": " + entry.value.text + "'");
    entry.key = kind.name;
    return;
  }
}

}  // namespace

Resource load_resource(std::string_view text, std::string_view file, const Catalog& catalog,
                       const ResourceKinds& kinds, const Templates& templates) {
  const bool too_large = text.size() > spec::kMaxYamlBytes;
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);  // a byte order mark is no content
  Report report{std::string(file), text};
  if (too_large) {
    report_too_large(report);
    return failed(report, file, "", kinds);
  }
  auto root = spec::parse_yaml(text, report);
  if (!root) return failed(report, file, text, kinds);
  const ResourceKind* kind = choose_kind(*root, kinds, report);
  if (kind == nullptr) return failed(report, file, text, kinds);
  repair_kind(*kind, catalog, *root, report);
  Resource read;
  kind->read(*root, {catalog, report, templates}, read);
  const bool good = !report.has_error();
  Resource out = failed(report, file, text, kinds);
  out.kind = kind->name;
  out.uses_templates = read.uses_templates;
  if (!read.name.empty()) {
    out.name = std::move(read.name);
    out.namespace_ = std::move(read.namespace_);
  }
  if (!good) return out;
  out.dag = std::move(read.dag);
  out.spec = std::move(read.spec);
  out.version = out.dag ? out.dag->version() : sha256_hex(out.spec.dump_canonical());
  return out;
}

Resource load_resource_file(const std::filesystem::path& path, const Catalog& catalog,
                            const ResourceKinds& kinds, const Templates& templates) {
  Report report{path.string()};
  std::error_code error;
  if (std::filesystem::exists(path, error) && !std::filesystem::is_regular_file(path, error)) {
    report.file_error("unreadable", "this is not a file");
    return failed(report, path.string(), "", kinds);
  }
  const auto text = read_file(path, spec::kMaxYamlBytes);
  if (text) return load_resource(*text, path.string(), catalog, kinds, templates);
  if (text.error().code == ErrorCode::resource_exhausted)
    report_too_large(report);
  else
    report.file_error("unreadable", text.error().message);
  return failed(report, path.string(), "", kinds);
}

LoadedDag load_dag(std::string_view text, std::string_view file, const Catalog& catalog,
                   const Templates& templates) {
  Resource resource = load_resource(text, file, catalog, builtin_kinds(), templates);
  LoadedDag out{std::nullopt,
                std::move(resource.diagnostics),
                std::move(resource.source),
                {resource.namespace_, resource.name}};
  if (resource.dag) out.spec = resource.dag->spec();
  return out;
}

std::vector<Diagnostic> check_twins(const std::vector<Resource>& resources,
                                    const ResourceKinds& kinds) {
  std::map<std::tuple<std::string, std::string, std::string>, const Resource*> first;
  std::vector<Diagnostic> out;
  for (const auto& resource : resources) {
    const ResourceKind* kind = find_kind(kinds, resource.kind);
    if (kind == nullptr || resource.name.empty()) continue;
    const auto [known, fresh] =
        first.try_emplace({resource.kind, resource.namespace_, resource.name}, &resource);
    if (fresh || known->second->file == resource.file) continue;
    out.push_back({resource.file, spec::line_of_key(resource.source, kind->name + ":"), 1,
                   Diagnostic::Severity::error,
                   kind->noun + " '" + ScopedName(resource.namespace_, resource.name).text() +
                       "' is declared by " + known->second->file + " and by " + resource.file,
                   "rename one of the two, or remove one of the files", "duplicate-" + kind->name});
  }
  return out;
}

std::vector<Diagnostic> check_together(const std::vector<Resource>& resources,
                                       const Catalog& catalog, const ResourceKinds& kinds) {
  std::vector<Diagnostic> out;
  for (const auto& kind : kinds) {
    if (!kind.check_together) continue;
    auto found = kind.check_together(resources, catalog);
    out.insert(out.end(), found.begin(), found.end());
  }
  return out;
}

}  // namespace millrace
