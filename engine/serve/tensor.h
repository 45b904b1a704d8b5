// Tensor: one input of a V2 request, decoded and checked. Pure.
//
// Source of names and shapes: the Open Inference Protocol V2, REST ("Inference Request JSON
// Object").
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/base/json.h"
#include "engine/base/result.h"

namespace millrace::serve {

/// More values than this in one request are refused.
inline constexpr std::int64_t kMaxTensorValues = 1'000'000;

struct Tensor {
  std::string name;
  std::int64_t rows = 0;
  std::int64_t columns = 1;        // of a shape [n]: 1
  std::vector<double> numbers;     // row after row; NaN is missing; empty for BYTES
  std::vector<std::string> texts;  // of BYTES; empty otherwise

  bool is_text() const { return numbers.empty(); }
};

/// `json` is one element of "inputs"; `data` may be flat or nested as the shape says, null is a
/// missing value. The error names the input and what would be right.
Result<Tensor> tensor_from_json(const Json& json);

}  // namespace millrace::serve
