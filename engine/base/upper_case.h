// Upper case of text in UTF-8, for comparisons without regard to case. The same on every machine:
// locales are not asked.
#pragma once

#include <string>
#include <string_view>

namespace millrace {

/// Each character's upper case by Unicode's default mapping, e.g. "straße" gives "STRASSE". The
/// dotless i (U+0131) stays, as in GitHub Actions. Bytes that are no UTF-8 stay as they are.
std::string upper_case(std::string_view text);
bool equal_without_case(std::string_view a, std::string_view b);

}  // namespace millrace
