// Diagnostic: one problem of a file that a person wrote: where, what, and what would be right.
#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <vector>

#include "engine/base/fields.h"
#include "engine/base/json.h"

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

  static constexpr auto fields() {
    return std::tuple{
        field("file", &Diagnostic::file, "The file").optional(),
        field("line", &Diagnostic::line, "From 1; 0: the file as a whole"),
        field("column", &Diagnostic::column, "From 1, in bytes"),
        field("severity", &Diagnostic::severity, "A file with an error is not loaded").optional(),
        field("message", &Diagnostic::message, "What is wrong, with the value"),
        field("hint", &Diagnostic::hint, "What would be right; \"\": not known").optional(),
        field("code", &Diagnostic::code, "Stable name of the kind of problem").optional()};
  }
};

constexpr std::array<std::string_view, 2> names_of(Diagnostic::Severity) {
  return {"error", "warning"};
}
constexpr std::string_view title_of(Diagnostic::Severity) { return "Severity"; }

/// A diagnostic with its line of the file, as it is stored and shown.
struct QuotedDiagnostic {
  static constexpr std::string_view record_name = "Diagnostic";
  static constexpr std::string_view record_doc = "A problem of a file that a person wrote.";
  Diagnostic diagnostic;
  std::string source;               // the line when the file was read
  std::optional<std::string> text;  // the line as it is now

  static constexpr auto fields() {
    return std::tuple{
        field("", &QuotedDiagnostic::diagnostic, ""),
        field("source", &QuotedDiagnostic::source, "The line when the file was read").optional(),
        field("text", &QuotedDiagnostic::text, "The line as it is now; null: there is none")
            .optional()};
  }
};

std::string_view to_string(Diagnostic::Severity severity);
/// "dags/x.yaml:5:11: error: unknown operator 'valdate'; did you mean 'validate'?": editors jump to
/// it.
std::string to_string(const Diagnostic& diagnostic);
/// The same, the line of `source` below it and a caret under the column. Ends in a newline.
std::string render(const Diagnostic& diagnostic, std::string_view source);
bool has_errors(const std::vector<Diagnostic>& diagnostics);
/// As they are stored and as `lint` answers: all members, and the line of `source` as "source".
Json diagnostics_json(const std::vector<Diagnostic>& diagnostics, std::string_view source);

}  // namespace millrace
