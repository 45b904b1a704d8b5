// What is checked of a text before a YAML parser sees it. Internal to this module.
#pragma once

#include <string_view>

#include "engine/spec/report.h"

namespace millrace::spec {

/// False, with the reason in `report`, if `text` is too large, not UTF-8, or holds control
/// characters.
bool guard_text(std::string_view text, Report& report);

/// Line, column and offset of a byte.
Position position_of(std::string_view text, std::size_t offset);

}  // namespace millrace::spec
