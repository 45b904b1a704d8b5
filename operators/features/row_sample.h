// Which rows are in a sample: by a hash of entity and time, so that the same row is in it whatever
// the other rows are, and so that no version of a database changes it. Pure.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "engine/data/table.h"

namespace millrace {

/// FNV-1a (Fowler, Noll, Vo 1991), 64 bits. The hash of a null is that of no text: 0.
std::uint64_t text_hash(std::string_view text);

/// 1 for the rows of the sample, else 0. `keys` are columns of text.
std::vector<double> sample_rows(const std::vector<std::int64_t>& micros,
                                const std::vector<const data::ColumnData*>& keys, std::int64_t seed,
                                double share);

}  // namespace millrace
