// Resource: what one YAML file declares, for example a DAG. ResourceKinds: the table of kinds, with
// the key, the reader and the schema of each. Finding files, loading, lint, versions, errors, hot
// reload and removal are the same for all kinds.
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
  std::string kind;  // name of its kind, e.g. "dag"; "": the file names none
  // As declared, even if the file has errors. The name is "" if it cannot be read.
  std::string namespace_{kDefaultNamespace};
  std::string name;
  std::string version;  // digest of the canonical form; "": the file has errors
  // The canonical form: `dag` for a DAG, which is compiled at once, and `spec` for other kinds.
  std::shared_ptr<const Dag> dag;
  Json spec;
  bool uses_templates = false;  // then its text alone does not say what it declares

  std::string file;                     // the name of the file in diagnostics
  std::string source;                   // the text, for `render`
  std::vector<Diagnostic> diagnostics;  // in the order of the file

  bool ok() const { return !version.empty(); }
};

struct ResourceKind {
  std::string name;  // the top-level key that names the resource: 'dag: flights'
  std::string noun;  // for messages: "DAG"
  /// A top-level key that only this kind has. It identifies the kind of a file whose first key is
  /// misspelt. "": none.
  std::string mark;
  /// Reads name, namespace and canonical form from the tree, and reports errors. After an error,
  /// the form is ignored.
  std::function<void(const spec::YamlNode&, const spec::Loading&, Resource&)> read;
  /// JSON Schema of a file of this kind, for editors.
  std::function<Json(const Catalog&)> schema;
  /// Finds errors that involve several files. An empty function: this kind has no such errors.
  std::function<std::vector<Diagnostic>(const std::vector<Resource>&, const Catalog&)>
      check_together;
};

/// The table of kinds. A value, so that a test can add a kind.
using ResourceKinds = std::vector<ResourceKind>;
const ResourceKinds& builtin_kinds();
/// nullptr if no kind has this name.
const ResourceKind* find_kind(const ResourceKinds& kinds, std::string_view name);
std::vector<std::string> names_of(const ResourceKinds& kinds);

}  // namespace millrace
