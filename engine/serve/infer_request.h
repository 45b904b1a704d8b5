// InferRequest: the body of POST …/infer, decoded, and its rows in the order that a model wants.
// Pure.
//
// Two styles, both of the protocol:
//  - one tensor [rows, features], of any name: columns in the order of the model's metadata;
//  - one tensor [rows] or [rows, 1] a feature, by name, in any order.
// Who is asking, for the sticky split: parameters.entity, or an input "entity" or "entity_id" of
// BYTES or whole numbers (one, or one a row; the first one decides, since one version answers a
// request). Where a model has a feature of that name, the input is the feature.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/json.h"
#include "engine/ml/dataset.h"
#include "engine/serve/tensor.h"

namespace millrace::serve {

struct InferRequest {
  std::string id;                     // "" where the client gave none
  std::vector<std::string> entities;  // none, one, or one a row
  std::vector<std::string> outputs;   // asked for; empty: the default
  std::vector<std::string> columns;   // names; empty for a tensor of the first style
  ml::Matrix values;                  // rows x columns

  std::size_t rows() const { return values.rows(); }
  /// Of one row, or "".
  std::string_view entity(std::size_t row) const;
};

/// A key as text: of a text or an integer. `where` names it in the error.
Result<std::string> key_from_json(std::string_view where, const Json& value);

/// Errors say what is wrong and what is expected. `known` are the features of the models that may
/// answer.
Result<InferRequest> parse_infer_request(
    std::string_view body, const std::vector<const std::vector<std::string>*>& known = {});

/// Each named column is a feature of at least one of the models, `known`; else an error with a
/// suggestion. (A canary may have a feature more than the champion: during it, clients send both.)
Status check_columns(const InferRequest& request,
                     const std::vector<const std::vector<std::string>*>& known);

/// The rows as `features` wants them. A tensor without names has the columns of `contract`: what
/// the metadata of the model tells clients.
Result<ml::Matrix> arrange(const InferRequest& request, const std::vector<std::string>& contract,
                           const std::vector<std::string>& features);

}  // namespace millrace::serve
