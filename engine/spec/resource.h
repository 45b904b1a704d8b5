// Resource: what one YAML file declares, whatever its kind; and the table of kinds. A kind is a row
// of the table: its key, its reader, its schema. Finding files, loading, lint, versions, errors,
// hot reload and removal are the same for all kinds.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/json.h"
#include "engine/core/dag.h"
#include "engine/op/catalog.h"
#include "engine/spec/diagnostic.h"

namespace millrace {

namespace spec {
struct Loading;
struct YamlNode;
}  // namespace spec

struct Resource {
  std::string kind;  // name of its kind, e.g. "dag"; "": the file does not tell
  // As declared, also where the text has errors; the name is "" if it cannot be read.
  std::string namespace_{kDefaultNamespace};
  std::string name;
  std::string version;  // digest of the canonical form; "": the file has errors
  // The canonical form. A DAG is compiled at once and has no other form here.
  std::shared_ptr<const Dag> dag;
  Json spec;

  std::string file;                     // what diagnostics call it
  std::string source;                   // the text, for `render`
  std::vector<Diagnostic> diagnostics;  // in the order of the file

  bool ok() const { return !version.empty(); }
};

struct ResourceKind {
  std::string name;  // the top-level key that names the resource: 'dag: flights'
  std::string noun;  // for messages: "DAG"
  /// A top-level key that only this kind has: a file whose first key is misspelt is recognised by
  /// it. "": none.
  std::string mark;
  /// Reads name, namespace and canonical form from the tree, and reports what is wrong. The form
  /// does not count if there was an error.
  std::function<void(const spec::YamlNode&, const spec::Loading&, Resource&)> read;
  /// JSON Schema of a file of this kind, for editors.
  std::function<Json(const Catalog&)> schema;
  /// Errors that only several files together show; empty: there are none.
  std::function<std::vector<Diagnostic>(const std::vector<Resource>&, const Catalog&)>
      check_together;
};

/// By name; a value, so that a test can add a kind.
using ResourceKinds = std::vector<ResourceKind>;
const ResourceKinds& builtin_kinds();
/// nullptr if there is none.
const ResourceKind* find_kind(const ResourceKinds& kinds, std::string_view name);
std::vector<std::string> names_of(const ResourceKinds& kinds);

}  // namespace millrace
