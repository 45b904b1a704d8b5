#include "engine/serve/infer_request.h"

#include <algorithm>
#include <unordered_set>

#include "engine/base/key_type.h"
#include "engine/base/suggest.h"

namespace millrace::serve {
namespace {

constexpr int kMaxDepth = 16;
constexpr std::size_t kMaxInputs = 4096;
constexpr std::size_t kMaxId = 256;
constexpr std::size_t kMaxEntity = 1024;

using KnownFeatures = std::vector<const std::vector<std::string>*>;

bool is_feature(std::string_view name, const KnownFeatures& known) {
  return std::ranges::any_of(
      known, [&](const auto* names) { return std::ranges::find(*names, name) != names->end(); });
}

bool names_entity(std::string_view name, const KnownFeatures& known) {
  return (name == "entity" || name == "entity_id") && !is_feature(name, known);
}

Status read_id(const Json& json, InferRequest& request) {
  const Json& id = json["id"];
  if (!id.is_null() && (!id.is_string() || id.as_view().size() > kMaxId))
    return invalid_argument("\"id\" must be a string of at most 256 bytes");
  request.id = id.as_string();
  return {};
}

Status read_parameters(const Json& json, InferRequest& request) {
  const Json& entity = json["parameters"]["entity"];
  if (entity.is_null()) return {};
  MR_TRY(std::string key, key_from_json("parameters.entity", entity));
  request.entities = {std::move(key)};
  return {};
}

Status read_outputs(const Json& json, InferRequest& request) {
  const Json& outputs = json["outputs"];
  if (outputs.is_null()) return {};
  if (!outputs.is_array() || outputs.size() > 16)
    return invalid_argument("\"outputs\" must be a list of objects with a \"name\"");
  for (const auto& output : outputs.items()) {
    if (!output["name"].is_string())
      return invalid_argument("\"outputs\" must be a list of objects with a \"name\"");
    request.outputs.push_back(output["name"].as_string());
  }
  return {};
}

/// `input` as it was written: of an integer beyond 2^53 a tensor of doubles has lost digits.
Status use_entities(const Tensor& tensor, const Json& input, InferRequest& request) {
  if (tensor.columns != 1)
    return invalid_argument("input '" + tensor.name + "' must have the shape [1] or [rows]");
  if (input["datatype"].as_view() == "BOOL")
    return invalid_argument("input '" + tensor.name + "' is of type BOOL; send BYTES or INT64");
  MR_CHECK(check_key("inputs", tensor.name, input["datatype"].as_view()));
  std::vector<std::string> keys;
  const Json& data = input["data"];
  for (std::size_t i = 0; i < data.size(); ++i) {
    const Json& item = data.at(i).is_array() ? data.at(i).at(0) : data.at(i);
    const std::string where = "value " + std::to_string(i) + " of input '" + tensor.name + "'";
    MR_TRY(std::string key, key_from_json(where, item));
    keys.push_back(std::move(key));
  }
  if (request.entities.empty()) request.entities = std::move(keys);
  return {};
}

Status check_names(const std::vector<Tensor>& tensors) {
  std::unordered_set<std::string_view> seen;
  for (const auto& tensor : tensors)
    if (!seen.insert(tensor.name).second)
      return invalid_argument("input '" + tensor.name.substr(0, 128) + "' stands twice");
  return {};
}

/// One tensor a feature.
Status join_columns(std::vector<Tensor> tensors, InferRequest& request) {
  const auto rows = tensors.front().rows;
  for (const auto& tensor : tensors) {
    if (tensor.columns != 1)
      return invalid_argument("input '" + tensor.name.substr(0, 128) + "' has " +
                              std::to_string(tensor.columns) +
                              " columns; of several inputs, each is one feature of shape [rows] or "
                              "[rows, 1]");
    if (tensor.rows != rows)
      return invalid_argument("input '" + tensor.name.substr(0, 128) + "' has " +
                              std::to_string(tensor.rows) + " rows, input '" +
                              tensors.front().name.substr(0, 128) + "' " + std::to_string(rows));
  }
  if (rows * static_cast<std::int64_t>(tensors.size()) > kMaxTensorValues)
    return invalid_argument("the inputs have more than " + std::to_string(kMaxTensorValues) +
                            " values together");
  request.values = ml::Matrix(static_cast<std::size_t>(rows), tensors.size());
  for (std::size_t column = 0; column < tensors.size(); ++column) {
    request.values.set_column(column, tensors[column].numbers);
    request.columns.push_back(std::move(tensors[column].name));
  }
  return {};
}

Status use_features(std::vector<Tensor> tensors, InferRequest& request) {
  if (tensors.empty())
    return invalid_argument(
        "\"inputs\" has no features; expected one tensor [rows, features], or one "
        "tensor [rows] for each feature");
  if (tensors.size() > 1 || tensors.front().columns == 1)
    return join_columns(std::move(tensors), request);
  auto& tensor = tensors.front();
  MR_TRY(request.values, ml::Matrix::from_rows(static_cast<std::size_t>(tensor.rows),
                                               static_cast<std::size_t>(tensor.columns),
                                               std::move(tensor.numbers)));
  return {};
}

Status read_inputs(const Json& json, const KnownFeatures& known, InferRequest& request) {
  const Json& inputs = json["inputs"];
  if (!inputs.is_array() || inputs.size() == 0 || inputs.size() > kMaxInputs)
    return invalid_argument("\"inputs\" must be a list of 1 to 4096 tensors, not " +
                            (inputs.is_array() ? "of " + std::to_string(inputs.size())
                                               : std::string(type_name(inputs.type()))));
  std::vector<Tensor> features;
  for (const auto& input : inputs.items()) {
    MR_TRY(Tensor tensor, tensor_from_json(input));
    if (names_entity(tensor.name, known)) {
      MR_CHECK(use_entities(tensor, input, request));
      continue;
    }
    if (tensor.is_text())
      return invalid_argument("input '" + tensor.name.substr(0, 128) +
                              "': datatype BYTES is for 'entity'; a feature is a number, expected "
                              "FP64, FP32, INT64, INT32 or BOOL" +
                              (is_feature(tensor.name, known) && names_entity(tensor.name, {})
                                   ? "; the model has a feature of this name, so the entity goes "
                                     "into parameters.entity"
                                   : ""));
    features.push_back(std::move(tensor));
  }
  MR_CHECK(check_names(features));
  return use_features(std::move(features), request);
}

std::string list(const std::vector<std::string>& names) {
  constexpr std::size_t kShown = 30;
  std::string out;
  for (std::size_t i = 0; i < std::min(names.size(), kShown); ++i)
    out += (i == 0 ? "" : ", ") + names[i];
  return names.size() > kShown ? out + ", …" : out;
}

}  // namespace

Result<std::string> key_from_json(std::string_view where, const Json& value) {
  if (value.is_integer()) return std::to_string(value.as_int());
  if (value.is_number())
    return invalid_argument(std::string(where) + " is " + value.dump().substr(0, 40) +
                            ", a floating-point number, which rounds; send a text or an integer");
  if (!value.is_string() || value.as_view().size() > kMaxEntity)
    return invalid_argument(std::string(where) +
                            " must be a text of at most 1024 bytes, or an integer");
  return value.as_string();
}

std::string_view InferRequest::entity(std::size_t row) const {
  if (entities.empty()) return {};
  return entities.size() == 1 ? entities.front() : entities[row];
}

Result<InferRequest> parse_infer_request(std::string_view body, const KnownFeatures& known) {
  // A parsed value takes some forty bytes, its text as few as two: count before parsing.
  if (std::ranges::count(body, ',') > kMaxTensorValues)
    return invalid_argument("the request has more than " + std::to_string(kMaxTensorValues) +
                            " values; send it in parts");
  MR_TRY(
      const Json json,
      Json::parse(body, {.max_bytes = body.size(), .max_depth = kMaxDepth, .unique_names = true}));
  if (!json.is_object())
    return invalid_argument("the body must be a JSON object with \"inputs\", not " +
                            std::string(type_name(json.type())));
  InferRequest request;
  MR_CHECK(read_id(json, request));
  MR_CHECK(read_parameters(json, request));
  MR_CHECK(read_outputs(json, request));
  MR_CHECK(read_inputs(json, known, request));
  if (request.entities.size() > 1 && request.entities.size() != request.rows())
    return invalid_argument("there are " + std::to_string(request.entities.size()) +
                            " entities for " + std::to_string(request.rows()) +
                            " rows; expected one, or one a row");
  return request;
}

Status check_columns(const InferRequest& request,
                     const std::vector<const std::vector<std::string>*>& known) {
  for (const auto& column : request.columns) {
    const bool found = std::ranges::any_of(known, [&](const auto* names) {
      return std::ranges::find(*names, column) != names->end();
    });
    if (found) continue;
    if (request.columns.size() == 1 && known.front()->size() == 1)
      continue;  // "input" of one column
    return invalid_argument("unknown input '" + column.substr(0, 128) + "'" +
                            did_you_mean(column.substr(0, 128), *known.front()) +
                            "; the features are " + list(*known.front()));
  }
  return {};
}

Result<ml::Matrix> arrange(const InferRequest& request, const std::vector<std::string>& contract,
                           const std::vector<std::string>& features) {
  const bool unnamed =
      request.columns.empty() || (request.columns.size() == 1 && contract.size() == 1);
  const auto& names = unnamed ? contract : request.columns;
  if (unnamed && request.values.columns() != contract.size())
    return invalid_argument("the input has " + std::to_string(request.values.columns()) +
                            " columns, the model " + std::to_string(contract.size()) +
                            " features: " + list(contract));
  if (names == features) return request.values;
  std::vector<std::size_t> from;
  std::vector<std::string> missing;
  for (const auto& feature : features) {
    const auto found = std::ranges::find(names, feature);
    if (found == names.end()) missing.push_back(feature);
    from.push_back(static_cast<std::size_t>(found - names.begin()));
  }
  if (!missing.empty())
    return invalid_argument("missing inputs: " + list(missing) +
                            "; send null for a value that is not known");
  ml::Matrix out(request.rows(), features.size());
  for (std::size_t row = 0; row < request.rows(); ++row)
    for (std::size_t column = 0; column < features.size(); ++column)
      out.at(row, column) = request.values.at(row, from[column]);
  return out;
}

}  // namespace millrace::serve
