#include "engine/core/outcome.h"

#include "engine/base/record_json.h"

namespace millrace {

std::string outcome_text(const Result<Outcome>& outcome) {
  std::string text;
  if (outcome) {
    append_record(text, *outcome);
  } else {
    text = R"({"kind":"error","error":)";
    append_record(text, outcome.error());
    text += '}';
  }
  return text;
}

Result<Outcome> outcome_from_json(const Json& json) {
  if (json["kind"].as_view() == "error") return error_from_json(json["error"]);
  return read_record<Outcome>(json);
}

}  // namespace millrace
