// The target of a request: path, segments and query, percent-encoded. Pure.
#pragma once

#include <string>
#include <string_view>

#include "engine/base/result.h"
#include "engine/http/message.h"

namespace millrace::http {

/// "/v2/models/a%20b?x=1" into path, segments and query. An error for a malformed escape, a NUL, or
/// a target that does not begin with '/'.
Status split_target(std::string_view target, HttpRequest& request);

/// "a%20b" decoded; a broken percent code stays as it is.
std::string percent_decode(std::string_view text);
/// All but letters, digits and "-._~" percent-encoded.
std::string percent_encode(std::string_view text);

}  // namespace millrace::http
