// The JSON Schema of a DAG file, for editors: keys, docs, defaults, and the parameters of each
// operator.
#pragma once

#include "engine/base/json.h"
#include "engine/op/catalog.h"

namespace millrace {

/// Draft 2020-12. `with` is checked by the `operator` beside it. The same catalog gives the same
/// text.
Json dag_json_schema(const Catalog& catalog);
/// The same of a template file.
Json template_json_schema(const Catalog& catalog);

}  // namespace millrace
