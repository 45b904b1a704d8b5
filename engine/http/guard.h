// The guard of every server: what is refused before a request's body is read or a handler is asked.
// Pure functions.
//
//   - a Host that is neither an IP address, localhost nor an allowed name: a page on another site
//     that made its own name point here (DNS rebinding)
//   - a change asked for by another site's page: foreign Origin or Sec-Fetch-Site, or a content
//   type
//     that a form can send
//   - headers that two readers could take for different requests: two Hosts, two or listed lengths,
//     transfer codings other than chunked
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "engine/http/message.h"

namespace millrace::http {

struct GuardRules {
  std::vector<std::string> host_names{};  // in lower case; besides localhost and IP addresses
  std::size_t max_body_bytes = 8u << 20;
  /// Beginning of the paths that take a body of any content type, because their handlers ask for a
  /// proof that no page of another site has; "": none.
  std::string any_type_below{};
};

/// Of the request line and headers; nothing is wrong: nullopt. `version`: 10 or 11.
std::optional<Refusal> refuse(const HttpRequest& request, const GuardRules& rules,
                              unsigned version = 11);

/// A name as `--allow-host` takes it, in lower case and without a port; an error for anything else.
Result<std::string> allowed_host(std::string_view text);
/// The type without its parameters, in lower case: types compare without regard to case.
std::string media_type(std::string_view content_type);
/// 1 to 64 letters, digits, '-', '_' and '.'.
bool is_request_id(std::string_view text);

}  // namespace millrace::http
