// Durations as authors write them: "250ms", "30s", "5m", "2h", "1d", "1w", and sums such as
// "1h30m".
#pragma once

#include <string>
#include <string_view>

#include "engine/base/time.h"

namespace millrace {

/// Non-negative, at most 100 years. A bare number is refused: the unit is what people get wrong.
Result<Duration> parse_duration(std::string_view text);
/// The shortest exact text, e.g. "1h30m", "250ms", "0s"; parse_duration reads it back.
std::string format_duration(Duration duration);

}  // namespace millrace
