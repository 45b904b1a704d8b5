#include "engine/serve/infer_answer.h"

#include <charconv>

#include "engine/base/json.h"

namespace millrace::serve {
namespace {

void append_number(std::string& out, double value) {
  char digits[32];
  const auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
  out.append(digits, end);
  if (std::string_view(digits, static_cast<std::size_t>(end - digits)).find_first_of(".e") ==
      std::string_view::npos)
    out += ".0";
}

void append_output(std::string& out, std::string_view name, const Inferred& inferred) {
  const bool label = name == "label";
  out += R"({"name":")";
  out += name;
  out += label ? R"(","datatype":"INT64","shape":[)" : R"(","datatype":"FP64","shape":[)";
  out += std::to_string(inferred.predictions.size());
  out += R"(],"data":[)";
  for (std::size_t i = 0; i < inferred.predictions.size(); ++i) {
    if (i > 0) out += ',';
    if (label)
      out += inferred.predictions[i] >= 0.5 ? '1' : '0';
    else
      append_number(out, inferred.predictions[i]);
  }
  out += "]}";
}

}  // namespace

std::string in_quotes(std::string_view text) {
  return "'" + std::string(text.substr(0, 128)) + "'";
}

bool is_binary(const ServedModel& served) {
  return served.predictor.objective() == ml::Objective::binary;
}

std::string_view score_name(const ServedModel& served) {
  return is_binary(served) ? "probability" : "prediction";
}

std::vector<std::string> output_names(const ServedModel& served) {
  std::vector<std::string> names = {std::string(score_name(served))};
  if (is_binary(served)) names.emplace_back("label");
  return names;
}

Status check_outputs(const std::vector<std::string>& outputs, const ServedModel& contract) {
  const std::string score(score_name(contract));
  for (const auto& name : outputs)
    if (name != score && !(name == "label" && is_binary(contract)))
      return invalid_argument("unknown output " + in_quotes(name) + "; expected '" + score + "'" +
                              (is_binary(contract) ? " or 'label'" : ""));
  return {};
}

std::string infer_body(const Inferred& inferred, const std::vector<std::string>& outputs) {
  const auto& served = *inferred.served;
  std::string out;
  out.reserve(384 + inferred.predictions.size() * 24);
  out += R"({"model_name":)";
  append_json_string(out, served.model);
  out += R"(,"model_version":")" + std::to_string(served.version) + R"(","id":)";
  append_json_string(out, inferred.id);
  out += R"(,"parameters":{"role":")";
  out += inferred.role;
  out += R"(","artifact":)";
  append_json_string(out, served.artifact);
  out += R"(,"latency_us":)" + std::to_string(inferred.latency_us);
  if (inferred.fell_back) out += R"(,"fell_back":true)";
  out += R"(},"outputs":[)";
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    if (i > 0) out += ',';
    append_output(out, outputs[i], inferred);
  }
  out += "]}";
  return out;
}

}  // namespace millrace::serve
