// "did you mean": the nearest of the known names.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace millrace {

/// The candidate with the smallest edit distance (a swap of neighbours counts one), or "" when
/// none is near enough to be a slip of the same word.
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);
/// "; did you mean 'validate'?", or "".
std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace millrace
