// The keys of a DAG file, each declared once: name, doc and JSON Schema. Unknown-key diagnostics
// and the schema for editors both come from here. Internal to this module.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace millrace::spec {

struct Field {
  std::string_view name;
  std::string_view doc;
  std::string_view schema;  // JSON text, without the description
  bool required = false;
};

using Fields = std::span<const Field>;

Fields dag_fields();
Fields schedule_fields();
Fields schedule_line_fields();
Fields catchup_fields();
Fields on_fields();
Fields event_fields();
Fields webhook_fields();
Fields param_fields();
Fields defaults_fields();
Fields retry_fields();
Fields retry_rule_fields();
Fields retry_on_fields();
Fields task_fields();
/// Of a task that uses a template.
Fields use_fields();
Fields template_fields();
Fields foreach_fields();
Fields repeat_fields();
Fields teardown_fields();

/// What `error` of a retry rule takes: codes of errors, out_of_memory and signal.
const std::vector<std::string>& rule_errors();
/// Codes of errors that `also_on` takes.
const std::vector<std::string>& retried_codes();

std::vector<std::string> names_of(Fields fields);

}  // namespace millrace::spec
