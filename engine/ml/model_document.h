// The frame of a model's JSON document, written in one place. Private to this module.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/base/json.h"
#include "engine/ml/dataset.h"

namespace millrace::ml {

inline constexpr std::string_view kModelFormat = "millrace.model";
inline constexpr std::int64_t kModelFormatVersion = 1;

struct ModelHead {
  std::string_view algorithm;
  Objective objective;
  const std::vector<std::string>& feature_names;
  Json parameters;  // an object
};

/// `section` names the part that holds the numbers: "linear" or "xgboost".
Json model_document(ModelHead head, std::string_view section, Json body);

}  // namespace millrace::ml
