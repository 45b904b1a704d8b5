// The watermark that a task sets: the largest value of a column of the table that it made.
#pragma once

#include <string>

#include "engine/core/outcome.h"
#include "operators/data/table_artifact.h"

namespace millrace {

inline constexpr const char* kWatermarkDoc =
    "Column of the table whose largest value becomes the watermark of dataset; without a row the "
    "watermark stays";
inline constexpr const char* kWatermarkOutputDoc =
    "largest value of the column watermark; null without one";

/// invalid_argument for a column without a dataset.
Status check_watermark(const std::string& column, const std::string& dataset);

/// Adds the output `watermark`, and the effect if the column has a value; column "": null.
Status set_watermark(OperatorContext& ctx, const TableArtifact& table, const std::string& column,
                     const std::string& dataset, Done& done);

}  // namespace millrace
