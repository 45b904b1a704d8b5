// A failed expectation as a sentence: what must hold, and what the data has instead.
#pragma once

#include <string>

#include "operators/data/validation.h"

namespace millrace {

/// What the expectation demands: "column 'delay' must be between 0 and 2000".
std::string requirement_text(const Expectation& expectation);

/// What was found instead: "12 of 3000 rows (0.4 %)", "it is 3".
std::string finding_text(const Verdict& verdict);

/// How to cure it, where one way is known: "; …", or "".
std::string cure_text(const Verdict& verdict);

/// At most 120 bytes of the text, cut between characters.
std::string shorten(std::string text);

}  // namespace millrace
