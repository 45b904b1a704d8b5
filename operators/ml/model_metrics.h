// What is measured and recorded about a model version, in the same way for each operator that
// registers one.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "engine/base/json.h"
#include "engine/core/effect.h"
#include "engine/ml/dataset.h"
#include "engine/ml/model.h"
#include "engine/op/context.h"
#include "operators/ml/labelled_table.h"

namespace millrace::operators {

/// {"auc": 0.94, …}: the metrics of the model's objective on `rows`; empty without rows.
Result<Json> measure(const ml::Model& model, const ml::Dataset& rows);

/// [{"feature", "importance"}], the most important first, at most 50.
Json importance_json(const ml::Model& model);

/// "auc 0.9438, log_loss 0.2977": for people, so with four digits.
std::string numbers_in(const Json& metrics);

/// {"rows", "first", "last"}: rows of a table by time, as a manifest has them.
Json range_json(const RowRange& range, const std::vector<std::int64_t>& micros);

PublishArtifact publish_stored(const StoredArtifact& stored, std::string kind, std::string name,
                               std::vector<std::string> inputs);

}  // namespace millrace::operators
