#include "operators/control/program_environment.h"

#include <utility>

namespace millrace::operators {

void add_variable(std::vector<std::string>& env, std::string_view name, std::string_view value) {
  std::string& entry = env.emplace_back();
  entry.reserve(name.size() + 1 + value.size());
  entry.append(name).append("=").append(value);
}

Status add_authors(std::vector<std::string>& env, const Json& variables) {
  for (const auto& [name, value] : variables.members()) {
    if (name.empty() || name.find_first_of(std::string_view("=\0", 2)) != std::string::npos)
      return invalid_argument("'" + name + "' is not a name of an environment variable");
    if (value.is_null())
      env.push_back(name);  // without a value: the inherited one goes
    else
      add_variable(env, name, value.as_view());
  }
  return {};
}

Json description_of(const Exchange& exchange) {
  Json inputs = Json::object();
  for (const auto& input : exchange.inputs) {
    Json one = Json::object({{"path", input.path.string()}, {"type", input.type}});
    if (!input.format.empty()) one.set("format", input.format);
    inputs.set(input.name, one.set("digest", input.digest));
  }
  Json outputs = Json::object();
  for (const auto& output : exchange.outputs)
    outputs.set(output.name, Json::object({{"path", output.path.string()}, {"type", output.type}}));
  return Json::object({{"inputs", std::move(inputs)}, {"outputs", std::move(outputs)}});
}

std::optional<std::vector<std::string>> declared_outputs(const Json& with) {
  std::vector<std::string> names;
  for (const char* param : {"output_files", "outputs"}) {
    if (with[param].is_string()) return std::nullopt;  // an expression
    for (const auto& [output, ignored] : with[param].members()) names.push_back(output);
  }
  return names.empty() ? std::nullopt : std::optional(std::move(names));
}

}  // namespace millrace::operators
