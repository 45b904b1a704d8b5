#include "engine/spec/yaml_value.h"

#include "engine/base/file.h"
#include "engine/spec/report.h"
#include "engine/spec/yaml.h"

namespace millrace {

/// `file` is what diagnostics call the text.
static Result<Json> parse_yaml_value(std::string_view text, std::string_view file) {
  spec::Report report{std::string(file)};
  const auto tree = spec::parse_yaml(text, report);
  if (tree && !report.has_error()) {
    Json value = spec::to_json(*tree, report);
    if (!report.has_error()) return value;
  }
  std::string message;
  for (const auto& diagnostic : report.take())
    message += (message.empty() ? "" : "\n") + to_string(diagnostic);
  return invalid_argument(message.empty() ? std::string(file) + ": no YAML" : std::move(message));
}

Result<Json> load_yaml_value(const std::filesystem::path& path) {
  MR_TRY(const std::string text, read_file(path, spec::kMaxYamlBytes));
  return parse_yaml_value(text, path.string());
}

}  // namespace millrace
