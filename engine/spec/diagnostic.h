// Diagnostic: one problem of a file that a person wrote: where, what, and what would be right.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace millrace {

struct Diagnostic {
  enum class Severity { error, warning };
  std::string file;
  int line = 1;    // from 1; 0 means the file as a whole
  int column = 1;  // from 1, in bytes
  Severity severity = Severity::error;
  std::string message;  // what is wrong, with the offending value
  std::string hint;     // what would be right; may be empty
  std::string code;     // stable name of the kind of problem, e.g. "unknown-operator"
};

std::string_view to_string(Diagnostic::Severity severity);
/// "dags/x.yaml:5:11: error: unknown operator 'valdate'; did you mean 'validate'?": editors jump to
/// it.
std::string to_string(const Diagnostic& diagnostic);
/// The same, the line of `source` below it and a caret under the column. Ends in a newline.
std::string render(const Diagnostic& diagnostic, std::string_view source);
bool has_errors(const std::vector<Diagnostic>& diagnostics);

}  // namespace millrace
