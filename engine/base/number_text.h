// Numbers in messages and pages.
#pragma once

#include <string>

namespace millrace {

/// 500, not 500.0; everything that is no whole number as JSON has it.
std::string number_text(double value);

}  // namespace millrace
