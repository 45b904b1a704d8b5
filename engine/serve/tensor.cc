#include "engine/serve/tensor.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "engine/base/suggest.h"

namespace millrace::serve {
namespace {

enum class Kind { real, integer, boolean, bytes };

struct Datatype {
  std::string_view name;
  Kind kind;
  double least = 0, most = 0;  // of an integer, both inclusive
};

constexpr double kTwo63 = 9223372036854775808.0;
constexpr std::array kDatatypes = {
    Datatype{"BOOL", Kind::boolean},
    Datatype{"UINT8", Kind::integer, 0, 255},
    Datatype{"UINT16", Kind::integer, 0, 65'535},
    Datatype{"UINT32", Kind::integer, 0, 4'294'967'295},
    Datatype{"UINT64", Kind::integer, 0, 2 * kTwo63},
    Datatype{"INT8", Kind::integer, -128, 127},
    Datatype{"INT16", Kind::integer, -32'768, 32'767},
    Datatype{"INT32", Kind::integer, -2'147'483'648.0, 2'147'483'647},
    Datatype{"INT64", Kind::integer, -kTwo63, kTwo63},
    Datatype{"FP16", Kind::real},
    Datatype{"FP32", Kind::real},
    Datatype{"FP64", Kind::real},
    Datatype{"BYTES", Kind::bytes},
};
constexpr std::size_t kMaxText = 1024;

Error wrong(const Tensor& tensor, std::string_view what) {
  return invalid_argument("input '" + tensor.name.substr(0, 128) + "': " + std::string(what));
}

std::string clipped(const Json& value) {
  std::string text = value.dump();
  if (text.size() > 40) text = text.substr(0, 40) + "…";
  return text;
}

Result<Datatype> datatype_of(const Json& json, const Tensor& tensor) {
  const auto given = json["datatype"].as_view();
  const auto* found = std::ranges::find(kDatatypes, given, &Datatype::name);
  if (found != kDatatypes.end()) return *found;
  std::vector<std::string> names;
  for (const auto& datatype : kDatatypes) names.emplace_back(datatype.name);
  return wrong(tensor, "datatype is " + clipped(json["datatype"]) +
                           "; expected FP64, FP32, INT64, INT32, BOOL or BYTES" +
                           did_you_mean(given.substr(0, 32), names));
}

Status read_shape(const Json& json, Tensor& tensor) {
  const Json& shape = json["shape"];
  if (!shape.is_array() || shape.size() < 1 || shape.size() > 2)
    return wrong(tensor, "shape is " + clipped(shape) + "; expected [rows] or [rows, columns]");
  for (const auto& extent : shape.items())
    if (!extent.is_integer() || extent.as_int() < 1 || extent.as_int() > kMaxTensorValues)
      return wrong(tensor, "shape is " + clipped(shape) +
                               "; each extent must be an integer from 1 to " +
                               std::to_string(kMaxTensorValues));
  tensor.rows = shape.at(0).as_int();
  tensor.columns = shape.size() == 2 ? shape.at(1).as_int() : 1;
  if (tensor.rows * tensor.columns > kMaxTensorValues)
    return wrong(tensor, "shape is " + clipped(shape) + ", which is more than " +
                             std::to_string(kMaxTensorValues) + " values");
  return {};
}

Status put(const Json& value, const Datatype& type, Tensor& tensor) {
  const auto refuse = [&](const std::string& wanted) {
    return wrong(tensor, "value " + std::to_string(tensor.numbers.size() + tensor.texts.size()) +
                             " is " + clipped(value) + "; datatype " + std::string(type.name) +
                             " takes " + wanted);
  };
  if (type.kind == Kind::bytes) {
    if (!value.is_string()) return refuse("strings");
    if (value.as_view().size() > kMaxText) return refuse("strings of at most 1024 bytes");
    tensor.texts.emplace_back(value.as_view());
    return {};
  }
  if (value.is_null()) {
    tensor.numbers.push_back(std::numeric_limits<double>::quiet_NaN());
    return {};
  }
  if (type.kind == Kind::boolean) {
    const bool is_bit = value.is_integer() && (value.as_int() == 0 || value.as_int() == 1);
    if (!value.is_bool() && !is_bit) return refuse("true or false");
    tensor.numbers.push_back(value.is_bool() ? value.as_bool() : value.as_double());
    return {};
  }
  if (!value.is_number()) return refuse("numbers, or null for a missing one");
  const double number = value.as_double();
  if (!std::isfinite(number)) return refuse("finite numbers, or null for a missing one");
  if (type.kind == Kind::integer &&
      (number != std::floor(number) || number < type.least || number > type.most))
    return refuse("integers from " + Json(type.least).dump() + " to " + Json(type.most).dump());
  tensor.numbers.push_back(number);
  return {};
}

Status read_list(const Json& list, std::int64_t expected, const Datatype& type, Tensor& tensor) {
  if (!list.is_array() || static_cast<std::int64_t>(list.size()) != expected)
    return wrong(tensor, "expected a list of " + std::to_string(expected) +
                             " values, as its shape " + "says; got " +
                             (list.is_array() ? std::to_string(list.size()) + " values"
                                              : std::string(type_name(list.type()))));
  for (const auto& value : list.items()) MR_CHECK(put(value, type, tensor));
  return {};
}

Status read_data(const Json& data, const Datatype& type, Tensor& tensor) {
  const auto total = static_cast<std::size_t>(tensor.rows * tensor.columns);
  if (type.kind == Kind::bytes)
    tensor.texts.reserve(std::min(total, data.size()));
  else
    tensor.numbers.reserve(total);
  const bool nested = data.is_array() && data.at(0).is_array();
  if (!nested) return read_list(data, tensor.rows * tensor.columns, type, tensor);
  if (static_cast<std::int64_t>(data.size()) != tensor.rows)
    return wrong(tensor, "its data has " + std::to_string(data.size()) + " rows, its shape " +
                             std::to_string(tensor.rows));
  for (const auto& row : data.items()) MR_CHECK(read_list(row, tensor.columns, type, tensor));
  return {};
}

}  // namespace

Result<Tensor> tensor_from_json(const Json& json) {
  Tensor tensor;
  if (!json.is_object() || !json["name"].is_string() || json["name"].as_view().empty())
    return invalid_argument(
        "each of \"inputs\" must be an object with a \"name\", \"shape\", "
        "\"datatype\" and \"data\"");
  tensor.name = json["name"].as_string();
  MR_TRY(const Datatype type, datatype_of(json, tensor));
  MR_CHECK(read_shape(json, tensor));
  if (!json.contains("data")) return wrong(tensor, "has no \"data\"");
  MR_CHECK(read_data(json["data"], type, tensor));
  return tensor;
}

}  // namespace millrace::serve
