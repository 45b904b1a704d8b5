// Writers of CSV and JSON that share no code with the readers, in many dialects.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "engine/data/text_table.h"
#include "tests/roundtrip/table.h"

namespace millrace::roundtrip {

/// Files, how to read them, and whether an error may be the answer to them.
struct Written {
  data::TextOptions options;
  bool may_refuse = false;  // the files alone do not tell what they mean
};

/// Fills `written` of each value. `folder`: where the files go; older ones are written over.
Written write_table(Dice& dice, Table& table, const std::filesystem::path& folder);

}  // namespace millrace::roundtrip
